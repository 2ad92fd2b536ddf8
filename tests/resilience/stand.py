"""The test stand: Consul, three instances that it knows, and an edge under load; real processes."""

import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from tests.chaos.member import Member
from tests.resilience.backend import HOST, SERVICE
from tests.resilience.load import Call, Load, Rate
from tests.resilience.record import Record

from shop.local import consul
from shop.local.ports import free_port

INSTANCES = ("backend-1", "backend-2", "backend-3")
_ROOT = Path(__file__).parents[2]
_WITHIN_S = 60


class Instance:
    """A backend's process, and what it may be told."""

    def __init__(self, member: Member, control: int) -> None:
        self.member = member
        self._control = f"http://{HOST}:{control}"

    async def tell(self, what: str, **query: str) -> None:
        """Have it be ``slow`` (``ms``), ``hang``, ``refuse``, ``listen``, and so on."""
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self._control}/{what}", params=query) as answer,
        ):
            answer.raise_for_status()


@dataclass
class Stand:
    """What a scenario works on. ``fault_s`` and ``over_s``: when the fault began and ended."""

    folder: Path
    servers: list[Member]
    urls: list[str]
    check_interval_s: float
    instances: dict[str, Instance] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    edge: Member | None = None
    edge_url: str = ""
    loads: list[tuple[str, float, Load]] = field(default_factory=list)
    fault_s: float = 0.0
    over_s: float = 0.0

    @property
    def record(self) -> Path:
        """Where the edge writes down what it does."""
        return self.folder / "edge.jsonl"

    def make(self, name: str) -> Instance:
        """Start an instance; it announces itself."""
        port, control = free_port(), free_port()
        place = len(self.instances) % len(self.urls)
        urls = ",".join(self.urls[place:] + self.urls[:place])
        command = [sys.executable, "-m", "tests.resilience.backend"]
        command += ["--id", name, "--port", str(port), "--control", str(control)]
        command += ["--consul", urls, "--check-interval", str(self.check_interval_s)]
        member = Member(name, command, _environment(), self.folder, lambda: self.passes(name))
        self.ports[name] = port
        self.instances[name] = Instance(member, control)
        member.start()
        return self.instances[name]

    async def passes(self, name: str) -> bool:
        """Say whether some Consul server reports an instance as passing."""
        port = self.ports[name]
        for url in self.urls:
            known = await consul.health(url, SERVICE)
            if known.get(port, ("", ""))[1] == "passing":
                return True
        return False

    async def known(self) -> set[str]:
        """Return the instances that the edge knows."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.edge_url}/_known") as answer,
        ):
            return set(await answer.json())

    async def knows(self, names: Collection[str]) -> None:
        """Return when the edge knows exactly these."""

        async def exactly() -> bool:
            return await self.known() == set(names)

        await until(exactly, f"the edge does not know {sorted(names)}")

    async def call(self, rate: Rate, method: str = "GET") -> None:
        """Begin a load of the edge."""
        table = self.folder / f"calls-{len(self.loads)}.csv"
        load = Load(f"{self.edge_url}/work", rate, table, method)
        self.loads.append((method, time.monotonic(), load))
        await load.start()

    async def finish(self) -> tuple[list[Call], Record]:
        """End the loads and the edge; return what the callers and the edge have seen."""
        assert self.edge
        for _, _, load in self.loads:
            load.interrupt()
        for _, _, load in self.loads:
            await load.ended()
        await self.edge.end()
        record = Record.read(self.record)
        calls: list[Call] = []
        for method, begun_s, load in self.loads:
            first_s = min(at for at, how in record.asked if how == method and at >= begun_s)
            calls += load.calls(first_s)
        return sorted(calls, key=lambda call: call.at_s), record


@asynccontextmanager
async def opened(
    make_servers: Callable[[Path], Awaitable[tuple[list[Member], list[str]]]],
    logs: Path,
    check_interval_s: float,
) -> AsyncIterator[Stand]:
    """Start it; end all of it afterwards, and keep what the processes printed in ``logs``."""
    folder = Path(tempfile.mkdtemp(prefix="shop-resilience-"))
    async with AsyncExitStack() as ending:
        ending.callback(shutil.rmtree, folder, ignore_errors=True)
        ending.callback(_keep, folder, logs)
        servers, urls = await make_servers(folder)
        stand = Stand(folder, servers, urls, check_interval_s)
        ending.push_async_callback(_end, stand)
        for name in INSTANCES:
            stand.make(name)
        await asyncio.gather(*(each.member.is_ready() for each in stand.instances.values()))
        await _start_edge(stand)
        yield stand


async def until(condition: Callable[[], Awaitable[bool]], otherwise: str) -> None:
    """Return when a condition holds; raise TimeoutError if it does not for long."""
    try:
        async with asyncio.timeout(_WITHIN_S):
            while not await condition():  # another process decides
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise TimeoutError(f"{otherwise} after {_WITHIN_S} s") from None


async def _start_edge(stand: Stand) -> None:
    port = free_port()
    stand.edge_url = f"http://{HOST}:{port}"
    command = [sys.executable, "-m", "tests.resilience.edge", SERVICE, ",".join(stand.urls)]
    command += [str(port), str(stand.record)]

    async def answers() -> bool:
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{stand.edge_url}/work") as answer,
            ):
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    stand.edge = Member("edge", command, _environment(), stand.folder, answers)
    stand.edge.start()
    await stand.edge.is_ready()
    await stand.knows(INSTANCES)


async def _end(stand: Stand) -> None:
    for _, _, load in stand.loads:
        load.kill()
    members = [each.member for each in stand.instances.values()]
    members += [*stand.servers, *([stand.edge] if stand.edge else [])]
    await asyncio.gather(*(member.kill() for member in members))


def _keep(folder: Path, logs: Path) -> None:
    shutil.rmtree(logs, ignore_errors=True)
    if (folder / "logs").exists():
        shutil.copytree(folder / "logs", logs)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(_ROOT)}


def cluster_hcl(number: int, serf: list[int]) -> str:
    """Return what makes a server one of several that elect one of them."""
    join = json.dumps([f"{HOST}:{port}" for port in serf])
    return (
        f'node_name = "server-{number}", bootstrap_expect = {len(serf)}, '
        f'ports {{ serf_lan = {serf[number]} }}, retry_join = {join}, retry_interval = "0.2s"'
    )

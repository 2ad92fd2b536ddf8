"""The test stand: Consul and three instances that it knows; and an edge that calls them under load.

All of them are real processes. One fleet may serve several scenarios, each with an edge of its own.
"""

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from tests.chaos.member import Member
from tests.resilience.backend import HOST, SERVICE
from tests.resilience.consuls import make_consuls
from tests.resilience.load import Call, Load, Rate
from tests.resilience.record import Record

from shop.local import consul
from shop.local.ports import free_port

INSTANCES = ("backend-1", "backend-2", "backend-3")
_ROOT = Path(__file__).parents[2]
_WITHIN_S = 60
_PARTS = 5


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
class Fleet:
    """Consul, or several servers of one; and the instances that it knows."""

    folder: Path
    servers: list[Member]
    urls: list[str]
    check_interval_s: float
    instances: dict[str, Instance] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)

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

    async def mend(self, injured: str) -> None:
        """Have the three as at the start, and no other; one was injured."""
        for name in {*self.instances} - {*INSTANCES} | {injured}:
            await self.instances[name].member.kill()
            await consul.forget(self.urls[0], name)
        self.instances = {name: self.instances[name] for name in INSTANCES}
        await self.start()

    async def start(self) -> None:
        """Start those of the three that do not run; return when Consul reports all as passing."""
        for name in INSTANCES:
            if name not in self.instances:
                self.make(name)
            self.instances[name].member.start()
        await asyncio.gather(*(self.instances[name].member.is_ready() for name in INSTANCES))

    async def passes(self, name: str) -> bool:
        """Say whether some Consul server reports an instance as passing."""
        port = self.ports[name]
        for url in self.urls:
            known = await consul.health(url, SERVICE)
            if known.get(port, ("", ""))[1] == "passing":
                return True
        return False


@dataclass
class Stand:
    """What a scenario works on. ``fault_s`` and ``over_s``: when the fault began and ended."""

    fleet: Fleet
    edge: Member
    url: str
    record: Path
    loads: list[Load] = field(default_factory=list)
    fault_s: float = 0.0
    over_s: float = 0.0

    async def begun(self) -> bool:
        """Say whether the edge knows the three instances; it looks when it is asked for work."""
        return await _answers(f"{self.url}/work") and await self.known() == set(INSTANCES)

    async def known(self) -> set[str]:
        """Return the instances that the edge knows."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.url}/_known") as answer,
        ):
            return set(await answer.json())

    async def knows(self, names: Collection[str]) -> None:
        """Return when the edge, under load, knows exactly these."""

        async def exactly() -> bool:
            return await self.known() == set(names)

        await until(exactly, f"the edge does not know {sorted(names)}")

    async def call(self, rate: Rate, method: str = "GET") -> None:
        """Begin a load of the edge.

        The workers of one hey begin their calls all in the same moment; so there are several.
        """
        part = Rate(rate.workers // _PARTS, rate.each_per_s)
        for _ in range(_PARTS):
            name = str(len(self.loads))
            table = self.record.with_suffix(f".{name}.csv")
            load = Load(f"{self.url}/work?load={name}", part, table, method)
            self.loads.append(load)
            await load.start()
            await asyncio.sleep(1 / rate.each_per_s / _PARTS)

    async def finish(self) -> tuple[list[Call], Record]:
        """End the loads and the edge; return what the callers and the edge have seen."""
        for load in self.loads:
            load.interrupt()
        for load in self.loads:
            await load.ended()
        await self.edge.end()
        record = Record.read(self.record)
        calls: list[Call] = []
        for number, load in enumerate(self.loads):
            calls += load.calls(min(at for at, name in record.asked if name == str(number)))
        return sorted(calls, key=lambda call: call.at_s), record


@asynccontextmanager
async def fleet(
    program: Path, logs: Path, *, servers: int = 1, check_interval_s: float
) -> AsyncIterator[Fleet]:
    """Start it; end all of it afterwards, and keep what the processes printed in ``logs``."""
    folder = Path(tempfile.mkdtemp(prefix="shop-resilience-"))
    async with AsyncExitStack() as ending:
        ending.callback(shutil.rmtree, folder, ignore_errors=True)
        ending.callback(_keep, folder, logs)
        members, urls = make_consuls(program, servers, folder)
        fleet = Fleet(folder, members, urls, check_interval_s)
        ending.push_async_callback(_end, fleet)
        await asyncio.gather(*(member.is_ready() for member in members))
        await fleet.start()
        yield fleet


@asynccontextmanager
async def stand(fleet: Fleet) -> AsyncIterator[Stand]:
    """Start an edge, which knows the three instances; end it and the load afterwards."""
    port = free_port()
    url, record = f"http://{HOST}:{port}", fleet.folder / f"edge-{port}.jsonl"
    command = [sys.executable, "-m", "tests.resilience.edge", SERVICE, ",".join(fleet.urls)]
    command += [str(port), str(record)]
    edge = Member(
        f"edge-{port}", command, _environment(), fleet.folder, lambda: _answers(f"{url}/work")
    )
    stand = Stand(fleet, edge, url, record)
    edge.start()
    try:
        await until(stand.begun, "the edge does not know the three instances")
        yield stand
    finally:
        for load in stand.loads:
            load.kill()
        await edge.kill()


async def until(condition: Callable[[], Awaitable[bool]], otherwise: str) -> None:
    """Return when a condition holds; raise TimeoutError if it does not for long."""
    try:
        async with asyncio.timeout(_WITHIN_S):
            while not await condition():  # another process decides
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise TimeoutError(f"{otherwise} after {_WITHIN_S} s") from None


async def _answers(url: str) -> bool:
    try:
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


async def _end(fleet: Fleet) -> None:
    members = [*(each.member for each in fleet.instances.values()), *fleet.servers]
    await asyncio.gather(*(member.kill() for member in members))


def _keep(folder: Path, logs: Path) -> None:
    shutil.rmtree(logs, ignore_errors=True)
    if (folder / "logs").exists():
        shutil.copytree(folder / "logs", logs)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(_ROOT)}

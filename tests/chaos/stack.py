"""The shop that is maltreated: real processes, and a proxy on every way between them.

Each service instance has a loopback address of its own, 127.0.0.2 to 127.0.0.7, where it finds
every server it needs and where others find it: all of that are proxies. The processes themselves
listen at the same ports of 127.0.0.1. Needs a system where all of 127.0.0.0/8 is there, as Linux.
"""

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from tests.chaos import replicas
from tests.chaos.member import Member
from tests.chaos.proxy import Address, Proxy
from tests.chaos.settings import SETTINGS

from shop.local import consul
from shop.local.consul import Consul
from shop.local.fetch import find_or_fetch
from shop.local.home import Home
from shop.local.mongo import Mongo
from shop.local.ports import HOST, free_port
from shop.local.progress import Progress
from shop.local.redis import Redis
from shop.local.server import Server
from shop.local.service import environment

SERVICES = ("customer", "product", "order")
SERVERS = ("mongo-1", "mongo-2", "mongo-3", "redis", "consul")
INSTANCES = tuple(f"{service}-{slot}" for service in SERVICES for slot in (1, 2))
_SABOTAGE = Path(__file__).parent / "sabotage.py"


@dataclass
class Stack:
    """The processes by name, and the proxies by (who calls, who is called).

    The proxy of ("*", "product-1") is where everybody finds that instance.
    """

    folder: Path
    ports: dict[str, int]
    without: str | None = None
    members: dict[str, Member] = field(default_factory=dict)
    proxies: dict[tuple[str, str], Proxy] = field(default_factory=dict)

    def url(self, instance: str) -> str:
        """Return where a service instance itself listens."""
        return f"http://{HOST}:{self.ports[instance]}"

    def urls(self, service: str) -> list[str]:
        """Return where the instances of a service listen."""
        return [self.url(name) for name in INSTANCES if name.startswith(service)]

    @property
    def mongo_ports(self) -> list[int]:
        """Return the ports of the three mongods."""
        return [self.ports[name] for name in SERVERS[:3]]

    async def primary(self) -> str | None:
        """Return the name of the mongod that is the primary; None while there is none."""
        place = await replicas.primary(self.mongo_ports)
        return None if place is None else SERVERS[place]

    async def heal(self) -> None:
        """Bring everything back, and return when all of it does its work."""
        for proxy in self.proxies.values():
            proxy.heal()
        for member in self.members.values():
            member.resume()
            member.start()
        await asyncio.gather(*(member.is_ready() for member in self.members.values()))
        await _until_all_pass(self)


@asynccontextmanager
async def opened(bin_folder: Path, logs: Path, without: str | None = None) -> AsyncIterator[Stack]:
    """Start the shop, one guard of it taken away if ``without`` names one; end all of it after.

    What the processes print is left in ``logs``, in place of what an earlier run left there.
    """
    folder = Path(tempfile.mkdtemp(prefix="shop-chaos-"))
    ports = {name: free_port() for name in (*SERVERS, *INSTANCES)}
    stack = Stack(folder, ports, without)
    async with AsyncExitStack() as ending:
        ending.callback(shutil.rmtree, folder, ignore_errors=True)
        ending.callback(_keep, folder / "logs", logs)
        await _make_servers(stack, Home(folder, bin_folder))
        _make_instances(stack)
        for proxy in stack.proxies.values():
            await proxy.start()
            ending.push_async_callback(proxy.stop)
        ending.push_async_callback(_end_all, stack)
        await _start(stack)
        yield stack


def _keep(folder: Path, logs: Path) -> None:
    shutil.rmtree(logs, ignore_errors=True)
    shutil.copytree(folder, logs)


async def _end_all(stack: Stack) -> None:
    instances = [stack.members[name] for name in INSTANCES]
    await asyncio.gather(*(member.end() for member in instances))
    await asyncio.gather(*(member.kill() for member in stack.members.values()))


async def _start(stack: Stack) -> None:
    for name in SERVERS:
        stack.members[name].start()
    for port in stack.mongo_ports:
        async with asyncio.timeout(30):
            while not await replicas.answers(port):
                await asyncio.sleep(0.1)
    await replicas.initiate(stack.mongo_ports)
    await asyncio.gather(*(stack.members[name].is_ready() for name in SERVERS))
    for name in INSTANCES:
        stack.members[name].start()
    await asyncio.gather(*(stack.members[name].is_ready() for name in INSTANCES))
    await _until_all_pass(stack)


async def _until_all_pass(stack: Stack) -> None:
    """Return when Consul reports all instances as passing."""
    agent = Consul().url(stack.ports["consul"])
    async with asyncio.timeout(60):
        for service in SERVICES:
            wanted = {stack.ports[name] for name in INSTANCES if name.startswith(service)}
            while wanted != await _passing(agent, service):
                await asyncio.sleep(0.2)


async def _passing(agent: str, service: str) -> set[int]:
    known = await consul.health(agent, service)
    return {port for port, (_, health) in known.items() if health == "passing"}


async def _make_servers(stack: Stack, home: Home) -> None:
    kinds: dict[str, Server] = {name: Mongo() for name in SERVERS[:3]}
    kinds |= {"redis": Redis(), "consul": Consul()}
    for name, kind in kinds.items():
        program = await find_or_fetch(kind.binary, home, Progress(sys.stderr))
        port, data = stack.ports[name], home.data(name)
        data.mkdir(parents=True)
        command = kind.command(program, port, data)
        stack.members[name] = Member(name, command, os.environ, stack.folder, _ready(kind, port))


def _ready(kind: Server, port: int):  # type: ignore[no-untyped-def]
    if isinstance(kind, Mongo):
        return lambda: replicas.is_member(port)
    return lambda: kind.ready(kind.url(port))


def _make_instances(stack: Stack) -> None:
    for number, name in enumerate(INSTANCES, 2):
        here, port = f"127.0.0.{number}", stack.ports[name]
        stack.proxies["*", name] = Proxy(Address(here, port), Address(HOST, port))
        for server in SERVERS:
            stack.proxies[name, server] = _proxy(stack, here, server)
        service = name.partition("-")[0]
        command = [sys.executable, "-m", f"shop.{service}"]
        if stack.without:
            command = [sys.executable, str(_SABOTAGE), stack.without, service]
        env = environment(port, _addresses(stack, here)) | SETTINGS
        env["SHOP_ADVERTISE_ADDRESS"] = here
        stack.members[name] = Member(name, command, env, stack.folder, _is_up(stack.url(name)))


def _proxy(stack: Stack, here: str, server: str) -> Proxy:
    aliases = {}
    if server.startswith("mongo"):
        aliases = {f"{HOST}:{port}": f"{here}:{port}" for port in stack.mongo_ports}
    port = stack.ports[server]
    return Proxy(Address(here, port), Address(HOST, port), aliases=aliases)


def _addresses(stack: Stack, here: str) -> dict[str, str]:
    mongos = ",".join(f"{here}:{port}" for port in stack.mongo_ports)
    return {
        "SHOP_MONGO_URI": f"mongodb://{mongos}/?replicaSet=rs0",
        "SHOP_REDIS_URL": f"redis://{here}:{stack.ports['redis']}/0",
        "SHOP_CONSUL_HTTP_ADDR": f"http://{here}:{stack.ports['consul']}",
    }


def _is_up(url: str):  # type: ignore[no-untyped-def]
    async def ready() -> bool:
        timeout = aiohttp.ClientTimeout(total=2)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(f"{url}/health/ready") as response,
            ):
                return response.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    return ready

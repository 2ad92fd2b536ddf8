"""The shop itself: its servers, and two processes of each service, which Consul knows."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.member import Member

from shop.local import consul
from shop.local.ports import HOST, free_port
from shop.local.process import Process, stop
from shop.local.server import Server, became_ready, launch
from shop.local.servers import SERVERS
from shop.local.service import SERVICES, Service, environment

_EACH = 2
_GRACE_S = 5.0


@dataclass
class House:
    """``urls``: of the servers, by the variable that names them. Instances are by their id."""

    folder: Path
    servers: list[Process] = field(default_factory=list)
    urls: dict[str, str] = field(default_factory=dict)
    instances: dict[str, Member] = field(default_factory=dict)

    @property
    def consul(self) -> str:
        """Where Consul answers."""
        return self.urls["SHOP_CONSUL_HTTP_ADDR"]

    def of(self, service: str) -> list[str]:
        """Return the ids of a service's instances."""
        return [name for name in self.instances if name.startswith(f"{service}-")]

    def url(self, service: str) -> str:
        """Return where an instance of a service listens."""
        return f"http://{HOST}:{self.of(service)[0].rpartition('-')[2]}"

    async def restart(self, name: str) -> float:
        """Stop by SIGTERM, start at the same port, wait until it passes; return what a stop took.

        In seconds; one that takes as long as Member is patient was killed.
        """
        member, began_s = self.instances[name], time.monotonic()
        await member.end()
        took_s = time.monotonic() - began_s
        member.start()
        await member.is_ready()
        return took_s


@asynccontextmanager
async def opened(
    programs: Mapping[str, Path], logs: Path, settings: Mapping[str, str]
) -> AsyncIterator[House]:
    """Start it; end all of it afterwards, and keep what the processes printed in ``logs``."""
    house = House(Path(tempfile.mkdtemp(prefix="shop-resilience-")))
    try:
        await asyncio.gather(*(_serve(house, kind, programs[kind.name]) for kind in SERVERS))
        for service in SERVICES:
            for _ in range(_EACH):
                _employ(house, service, settings)
        for member in house.instances.values():
            member.start()
        await asyncio.gather(*(member.is_ready() for member in house.instances.values()))
        yield house
    finally:
        await asyncio.gather(*(member.kill() for member in house.instances.values()))
        await asyncio.gather(*(stop(process, _GRACE_S) for process in house.servers))
        _keep(house.folder, logs)


def _keep(folder: Path, logs: Path) -> None:
    shutil.rmtree(logs, ignore_errors=True)
    if (folder / "logs").exists():
        shutil.copytree(folder / "logs", logs)
    shutil.rmtree(folder, ignore_errors=True)


async def _serve(house: House, kind: Server, program: Path) -> None:
    port, log = free_port(), house.folder / "logs" / f"{kind.name}.log"
    url = kind.url(port)
    process = launch(kind, program, port, data=house.folder / kind.name, log=log)
    house.servers.append(process)
    house.urls[kind.variable] = url
    await became_ready(kind, url, process, log)


def _employ(house: House, service: Service, settings: Mapping[str, str]) -> None:
    port = free_port()
    name = f"{service.name}-{HOST}-{port}"  # as Consul calls it
    env = environment(port, house.urls) | settings

    async def passes() -> bool:
        known = await consul.health(house.consul, service.name)
        return known.get(port) == (name, "passing")

    house.instances[name] = Member(name, service.command, env, house.folder, passes)

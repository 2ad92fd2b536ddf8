"""Seeing to it that the instances of the services run."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shop.local import consul, ports
from shop.local.errors import LocalError
from shop.local.health import of
from shop.local.home import Home
from shop.local.keys import Keys
from shop.local.process import start
from shop.local.progress import Progress
from shop.local.server import check_alive, tail
from shop.local.servers import SERVERS
from shop.local.service import Service, environment
from shop.local.state import Member, State

_PASSING_WITHIN_S = 60


@dataclass(frozen=True)
class Missing:
    """An instance to start."""

    service: Service
    slot: int
    port: int


class Instances:
    """Starts the instances that are missing, and writes them into the state."""

    def __init__(
        self, home: Home, services: Sequence[Service], state: State, progress: Progress
    ) -> None:
        self._home = home
        self._services = services
        self._state = state
        self._progress = progress

    def missing(self, count: int, *, free_ports: bool) -> list[Missing]:
        """Return what is missing to ``count`` instances of each service.

        The first of each has the service's own port; raises LocalError if that is taken.
        """
        there = {(member.service, member.slot) for member in self._state.instances()}
        return [
            Missing(service, slot, _port(service, slot, free_ports))
            for service in self._services
            for slot in range(1, count + 1)
            if (service.name, slot) not in there
        ]

    async def start(self, missing: Sequence[Missing]) -> None:
        """Start these; return when Consul reports every instance, old and new, as passing."""
        if not self._services:
            return
        if missing:
            self._progress.say(f"Starting {len(missing)} instances of the services")
            Keys(self._home.keys).make()
            await self._forget_the_lost()
        for instance in missing:
            self._launch(instance)
        await self._passing()

    def _launch(self, instance: Missing) -> None:
        name, port = instance.service.name, instance.port
        log = self._home.log(f"{name}-{instance.slot}")
        servers = {s.variable: m.url for s in SERVERS if (m := self._state.get(s.name))}
        env = environment(port, servers, Keys(self._home.keys).variables(name))
        scheme = "https" if env.get("SHOP_TLS_CERT") else "http"
        process = start(instance.service.command, log=log, env=env, cwd=self._home.root)
        self._state.add(
            Member(
                service=name,
                kind="instance",
                id=f"{name}-{ports.HOST}-{port}",
                url=f"{scheme}://{ports.HOST}:{port}",
                slot=instance.slot,
                log=str(log),
                process=process,
            )
        )

    async def _passing(self) -> None:
        deadline = asyncio.get_running_loop().time() + _PASSING_WITHIN_S
        while failing := [s for s in await of(list(self._state)) if s.health != "passing"]:
            for member in self._state.instances():
                if member.process:
                    check_alive(member.id, member.process, Path(member.log or ""))
            if asyncio.get_running_loop().time() > deadline:
                member = self._state[failing[0].id]
                raise LocalError(
                    f"{member.id} is {failing[0].health}, not passing, after "
                    f"{_PASSING_WITHIN_S} s. {tail(Path(member.log or ''))}"
                )
            await asyncio.sleep(0.1)

    async def _forget_the_lost(self) -> None:
        """Take instances that died with an earlier shop out of the Consul that remembers them."""
        agent = self._state.get("consul")
        if agent is None or agent.process is None:
            return
        for service in self._services:
            known = await consul.health(agent.url, service.name)
            for port, (service_id, status) in known.items():
                if status == "critical" and ports.is_free(port):
                    await consul.forget(agent.url, service_id)


def _port(service: Service, slot: int, free_ports: bool) -> int:
    if free_ports or slot > 1:
        return ports.free_port()
    if not ports.is_free(service.port):
        holder = ports.holder(service.port) or "another program"
        raise LocalError(
            f"Port {service.port}, on which {service.name} should listen, is taken by {holder}. "
            "End that program, or use other ports: `python -m shop up --free-ports`."
        )
    return service.port

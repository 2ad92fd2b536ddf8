"""Seeing to it that the servers run."""

import asyncio
import os
from collections.abc import Sequence

from shop.local import ports
from shop.local.consul import Consul
from shop.local.errors import LocalError
from shop.local.fetch import find_or_fetch
from shop.local.home import Home
from shop.local.mongo import Mongo
from shop.local.progress import Progress
from shop.local.redis import Redis
from shop.local.server import Server, became_ready, launch, port_of
from shop.local.state import Member, State, redacted
from shop.local.together import together

SERVERS: tuple[Server, ...] = (Mongo(), Redis(), Consul())
_PATIENCE_S = 5  # with a server that somebody else runs


class Servers:
    """Starts the servers that are missing, side by side, and writes them into the state."""

    def __init__(
        self, home: Home, servers: Sequence[Server], state: State, progress: Progress
    ) -> None:
        self._home = home
        self._servers = servers
        self._state = state
        self._progress = progress

    async def start(self, *, free_ports: bool) -> None:
        """Return when all of them do their work."""
        await together(self._see_to(server, free_ports) for server in self._servers)

    async def _see_to(self, server: Server, free_ports: bool) -> None:
        known = self._state.get(server.name)
        address = os.environ.get(server.variable)
        if known and known.process and known.alive:
            await became_ready(server, known.url, known.process, self._home.log(server.name))
        elif known and not known.process:
            await _answers(server, known.url)
        elif address:
            await _answers(server, address)
            self._state.add(Member(server.name, "server", server.name, address))
        else:
            await self._start(server, known, free_ports)

    async def _start(self, server: Server, known: Member | None, free_ports: bool) -> None:
        program = await find_or_fetch(server.binary, self._home, self._progress)
        port = self._same_port(known) if known else self._choose_port(server, free_ports)
        self._progress.say(f"Starting {server.title} on port {port}")
        log = self._home.log(server.name)
        process = launch(server, program, port, data=self._home.data(server.name), log=log)
        url = server.url(port)
        self._state.add(
            Member(server.name, "server", server.name, url, log=str(log), process=process)
        )
        await became_ready(server, url, process, log)

    def _choose_port(self, server: Server, free_ports: bool) -> int:
        if free_ports:
            return ports.free_port()
        if ports.is_free(server.port):
            return server.port
        port, holder = ports.free_port(), ports.holder(server.port) or "another program"
        self._progress.say(f"Port {server.port} is taken by {holder}: {server.title} uses {port}")
        return port

    def _same_port(self, known: Member) -> int:
        """Return the port that the running instances know."""
        port = port_of(known.url)
        if not ports.is_free(port):
            holder = ports.holder(port) or "another program"
            raise LocalError(
                f"{known.service} has ended, and its port {port} is now taken by {holder}. "
                "Run `python -m shop down`, then `up`."
            )
        return port


async def _answers(server: Server, address: str) -> None:
    deadline = asyncio.get_running_loop().time() + _PATIENCE_S
    while not await server.ready(address):
        if asyncio.get_running_loop().time() > deadline:
            raise LocalError(
                f"{server.title} at {redacted(address)} (from {server.variable}) is not ready. "
                f"Start it, or unset {server.variable} to have one started here."
            )
        await asyncio.sleep(0.2)

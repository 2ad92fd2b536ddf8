"""Real peers to call, and the means to announce them to a real Consul."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from shop.common.peer import (
    ConsulClient,
    ConsulOptions,
    ConsulResolver,
    Registrar,
    RegistrarOptions,
    Registration,
    Resolver,
    WatchOptions,
    open_session,
)
from shop.local.consul import Consul


class Peer:
    """A server that says which one it is; ``ready`` is what its health check says."""

    def __init__(self, handler: Callable[[web.Request], Awaitable[web.Response]] | None) -> None:
        self.ready = True
        self.asked: list[web.Request] = []
        self._handler = handler
        app = web.Application()
        app.router.add_get("/health/ready", self._health)
        app.router.add_route("*", "/x", self._answer)
        self._server = TestServer(app)

    async def start(self) -> None:
        await self._server.start_server(shutdown_timeout=0.1)  # it cancels handlers
        self.port = int(self._server.port or 0)
        self.url = f"http://127.0.0.1:{self.port}"

    async def die(self) -> None:
        await self._server.close()

    async def _health(self, _request: web.Request) -> web.Response:
        return web.Response(status=200 if self.ready else 503)

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.append(request)
        return await self._handler(request) if self._handler else web.Response(text=self.url)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_session() as session:
        yield session


@pytest.fixture
async def peer() -> AsyncIterator[Callable[..., Awaitable[Peer]]]:
    """Starts a peer; each is closed after the test."""
    async with AsyncExitStack() as started:

        async def start(
            handler: Callable[[web.Request], Awaitable[web.Response]] | None = None,
        ) -> Peer:
            peer = Peer(handler)
            started.push_async_callback(peer.die)
            await peer.start()
            return peer

        yield start


@pytest.fixture
def service() -> str:
    """A service name that no other test has, for the Consul that all tests share."""
    return f"peer-{uuid4().hex[:12]}"


@pytest.fixture
def consul(session, consul_server) -> ConsulClient:
    return ConsulClient(session, ConsulOptions((consul_server.url,)))


class Configured(Consul):
    """A Consul with more in its configuration."""

    def __init__(self, hcl: str) -> None:
        self._hcl = hcl

    def command(self, program: Path, port: int, data: Path) -> list[str]:
        return [*super().command(program, port, data), "-hcl", self._hcl]


@pytest.fixture
def start_configured(starter) -> Callable[[str], Awaitable[Any]]:
    """Starts a Consul of the test's own with this HCL in its configuration."""

    async def start(hcl: str) -> Any:
        return await starter(Configured(hcl))()

    return start


@pytest.fixture
async def resolving(session) -> AsyncIterator[Callable[..., Resolver]]:
    """Makes resolvers over these servers; each is closed after the test."""
    async with AsyncExitStack() as made:

        def resolving(*servers: Any, **options: Any) -> Resolver:
            consul = ConsulClient(session, ConsulOptions(tuple(each.url for each in servers)))
            resolver = ConsulResolver(consul, WatchOptions(**options))
            made.push_async_callback(resolver.close)
            return resolver

        yield resolving


@pytest.fixture
async def announce() -> AsyncIterator[Callable[..., Awaitable[Registrar]]]:
    """Registers a peer with quick checks; it is deregistered after the test."""
    async with AsyncExitStack() as announced:

        async def announce(consul: ConsulClient, service: str, peer: Peer) -> Registrar:
            registrar = Registrar(
                consul,
                Registration(
                    service,
                    id=f"{service}-{peer.port}",
                    address="127.0.0.1",
                    port=peer.port,
                    tags=("v1",),
                    meta={"zone": "a"},
                    check_interval_s=0.2,
                ),
                RegistrarOptions(heartbeat_s=0.2),
            )
            announced.push_async_callback(registrar.deregister)
            await registrar.register()
            return registrar

        yield announce


@pytest.fixture
def eventually() -> Callable[..., Awaitable[None]]:
    """Waits until a condition holds; fails when it does not for long."""

    async def eventually(condition: Callable[[], Awaitable[bool]], within_s: float = 30.0) -> None:
        async with asyncio.timeout(within_s):
            while not await condition():  # another process decides
                await asyncio.sleep(0.02)

    return eventually


@pytest.fixture
def knows(eventually) -> Callable[..., Awaitable[None]]:
    """Waits until a resolver knows exactly these peers."""

    async def knows(resolver: Resolver, service: str, *peers: Peer) -> None:
        async def exactly() -> bool:
            known = await resolver.resolve(service)
            return {each.url for each in known} == {each.url for each in peers}

        await eventually(exactly)

    return knows


class Emptiness:
    """Asks a resolver all the time, and counts what it answers."""

    def __init__(self, resolver: Resolver, service: str) -> None:
        self.answers = self.empty = 0
        self._task = asyncio.create_task(self._ask(resolver, service))

    async def _ask(self, resolver: Resolver, service: str) -> None:
        while True:
            self.answers += 1
            self.empty += not await resolver.resolve(service)
            await asyncio.sleep(0.001)

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


@pytest.fixture
async def never_empty() -> AsyncIterator[Callable[[Resolver, str], None]]:
    """Resolves a service all the time from now to the end; the answer must never be empty."""
    asking: list[Emptiness] = []
    yield lambda resolver, service: asking.append(Emptiness(resolver, service))
    for each in asking:
        await each.stop()
        assert each.answers > 0
        assert each.empty == 0

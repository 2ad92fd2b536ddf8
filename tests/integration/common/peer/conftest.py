"""Real peers to call, and the means to announce them to a real Consul."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from uuid import uuid4

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from shop.common.peer import (
    ConsulClient,
    ConsulOptions,
    Registrar,
    RegistrarOptions,
    Registration,
    open_session,
)


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

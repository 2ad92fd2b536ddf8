"""A tiny service, on a real server; and real ones, as processes."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiohttp
import pytest
from aiohttp import web
from tests.integration.common.web.process import ALONE, Service
from tests.integration.common.web.tiny import handlers

from shop.common.config import AuthConfig, HttpConfig
from shop.common.web import build
from shop.common.web.server import Runner

PACKAGE = "tests.integration.common.web.tiny"


@dataclass
class Served:
    """An app on a port of its own, and a session for it."""

    app: web.Application
    runner: Runner
    port: int
    session: aiohttp.ClientSession

    @property
    def state(self) -> handlers._State:
        return self.app[handlers.STATE]

    async def raw(self, request: bytes) -> bytes:
        """Send bytes, and return all that comes until the server closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request)
        answer = await reader.read()
        writer.close()
        return answer


Serve = Callable[..., Awaitable[Served]]


@pytest.fixture
async def serve():
    async with AsyncExitStack() as stack:

        async def start(**options: object) -> Served:
            app = build(HttpConfig(**options), PACKAGE, handlers, AuthConfig(required=False))
            app[handlers.STATE] = handlers._State()
            runner = Runner(app, access_log=None, shutdown_timeout=5)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            port = runner.addresses[0][1]
            session = aiohttp.ClientSession(f"http://127.0.0.1:{port}")
            await stack.enter_async_context(session)
            return Served(app, runner, port, session)

        yield start


@pytest.fixture
async def tiny(serve: Serve) -> Served:
    return await serve()


@pytest.fixture
async def start():
    async with AsyncExitStack() as stack:

        async def begin(*arguments: str, **variables: str) -> Service:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "shop.customer", *arguments),
                env={**os.environ, **ALONE, **variables},
                stderr=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            service = Service(process)
            stack.push_async_callback(service.close)
            return service

        yield begin


@pytest.fixture
def mongo_variables(mongo_uri, database):
    return {"SHOP_MONGO_URI": mongo_uri, "SHOP_MONGO_DATABASE": database.name}


@pytest.fixture
async def session():
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def hanging_mongo(start_mongo):
    """A server that is made to hang, so that requests stay in flight until it goes on."""
    mongo = await start_mongo()
    yield mongo
    mongo.signal(signal.SIGCONT)

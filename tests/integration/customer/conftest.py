"""The customer service, served in this process on a database of the test's own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from pymongo.asynchronous.database import AsyncDatabase
from tests.integration.customer.api import Api

from shop.common.config import (
    AuthConfig,
    ConsulConfig,
    FeedConfig,
    HttpConfig,
    LogConfig,
    MongoConfig,
    RedisConfig,
)
from shop.common.web.server import Runner
from shop.customer.app import Config, create_app

Database = AsyncDatabase[dict[str, Any]]
Serve = Callable[..., Awaitable[Api]]


@pytest.fixture
def config(mongo_uri: str, redis_url: str, database: AsyncDatabase[dict[str, Any]]) -> Config:
    return Config(
        HttpConfig(request_timeout_s=60),  # many at once, on a busy machine
        MongoConfig(uri=mongo_uri, database=database.name),
        RedisConfig(url=redis_url),
        ConsulConfig(url=""),
        LogConfig(),
        AuthConfig(required=False),
        FeedConfig(),
    )


@pytest.fixture
async def serve(config: Config) -> AsyncIterator[Serve]:
    """Start an instance, with another cache if need be; all of one test share its database."""
    async with AsyncExitStack() as started:

        async def start(redis: str | None = None) -> Api:
            cache = config.redis if redis is None else RedisConfig(url=redis)
            runner = Runner(create_app(replace(config, redis=cache)), access_log=None)
            started.push_async_callback(runner.cleanup)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            host, port = runner.addresses[0][:2]
            session = aiohttp.ClientSession(f"http://{host}:{port}")
            return Api(await started.enter_async_context(session))

        yield start


@pytest.fixture
async def api(serve: Serve) -> Api:
    return await serve()

"""Two instances of each service on one database, and what happens to the holder of a key."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import aiohttp
from aiohttp import web
from pymongo import AsyncMongoClient

from shop.common import clock
from shop.common.config import (
    AuthConfig,
    ConsulConfig,
    FeedConfig,
    HttpConfig,
    LogConfig,
    MongoConfig,
    RedisConfig,
    ServiceConfig,
)
from shop.common.idempotency import MongoKeys
from shop.common.web import KEYS
from shop.common.web.once import Answer, Claim, Keys
from shop.common.web.server import Runner
from shop.customer.app import Config as CustomerConfig
from shop.customer.app import create_app as create_customer
from shop.local.ports import HOST, free_port
from shop.order.app import Config as OrderServiceConfig
from shop.order.app import create_app as create_order
from shop.order.config import OrderConfig
from shop.product.app import create_app as create_product

LEASE = timedelta(seconds=15)
Databases = AsyncMongoClient[dict[str, Any]]


class Clock:
    """The time of day, which a test may put forward."""

    ahead = timedelta()

    def __call__(self) -> datetime:
        return clock.now() + self.ahead


@dataclass
class Fate:
    """Where the next holder of a key stops: when it has ``claimed``, ``made`` or ``remembered``.

    It goes on when ``go`` is set; until then it is like one that died. ``errors``: what its next
    call of that name raises instead of being made.
    """

    at: str | None = None
    errors: dict[str, Exception] = field(default_factory=dict)
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)

    def renew(self) -> None:
        self.at = None
        self.errors.clear()
        self.reached.clear()
        self.go.clear()

    async def passes(self, point: str) -> None:
        if self.at == point:
            self.at = None
            self.reached.set()
            await self.go.wait()

    def fails(self, call: str) -> None:
        if call in self.errors:
            raise self.errors.pop(call)


class FatefulKeys:
    """Keys whose holder meets its fate."""

    def __init__(self, keys: Keys, fate: Fate) -> None:
        self._keys = keys
        self._fate = fate

    async def claim(self, key: str, fingerprint: str, resource_id: str) -> Claim | Answer:
        self._fate.fails("claim")
        held = await self._keys.claim(key, fingerprint, resource_id)
        await self._fate.passes("claimed")
        return held

    async def remember(self, claim: Claim, answer: Answer) -> Answer:
        await self._fate.passes("made")
        self._fate.fails("remember")
        kept = await self._keys.remember(claim, answer)
        await self._fate.passes("remembered")
        return kept

    async def let_go(self, claim: Claim) -> None:
        self._fate.fails("let_go")
        await self._keys.let_go(claim)


@dataclass(frozen=True)
class Sent:
    """What came back, byte for byte."""

    status: int
    headers: Any
    body: bytes

    @property
    def kept(self) -> Any:
        """What a replay repeats."""
        names = ("ETag", "Location", "Content-Type", "Retry-After")
        return self.status, [self.headers.get(name) for name in names], self.body

    @property
    def replayed(self) -> bool:
        return self.headers.get("Idempotency-Replayed") == "true"


class Twin:
    """One instance, which can be started again."""

    def __init__(self, app: Callable[[], web.Application], keys: Any) -> None:
        self._app = app
        self._keys = keys
        self._port = free_port()
        self.url = f"http://{HOST}:{self._port}/api/v1"

    async def start(self) -> None:
        app = self._app()
        self.fate = Fate()

        async def keys(app: web.Application) -> AsyncIterator[None]:
            app[KEYS] = FatefulKeys(self._keys, self.fate)
            yield

        app.cleanup_ctx.append(keys)
        self._runner = Runner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, self._port).start()

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def send(self, path: str, body: bytes, key: str | None = None, **headers: str) -> Sent:
        named = {"Content-Type": "application/json", **headers}
        named |= {} if key is None else {"Idempotency-Key": key}
        url = self.url + path
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=body, headers=named) as response,
        ):
            return Sent(response.status, response.headers.copy(), await response.read())


@dataclass(frozen=True)
class Twins:
    """All of them."""

    customer: tuple[Twin, Twin]
    product: tuple[Twin, Twin]
    order: tuple[Twin, Twin]
    clock: Clock
    databases: Databases
    run: str

    def database(self, service: str) -> Any:
        return self.databases[f"{service}_{self.run}"]


@asynccontextmanager
async def twins(mongo_uri: str, redis_url: str) -> AsyncIterator[Twins]:
    """Serve them; their data go with them."""
    run, time, peers = uuid4().hex, Clock(), {}
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(Databases(mongo_uri, tz_aware=True))

        async def pair(name: str, create: Any, kind: Any, **more: Any) -> tuple[Twin, Twin]:
            config = kind(
                HttpConfig(),
                MongoConfig(mongo_uri, f"{name}_{run}"),
                RedisConfig(redis_url),
                ConsulConfig(url="", peers=",".join(f"{k}={v}" for k, v in peers.items())),
                LogConfig(),
                AuthConfig(required=False),
                **more,
            )
            keys = MongoKeys(client[f"{name}_{run}"]["idempotencyKeys"], LEASE, time)
            two = Twin(lambda: create(config), keys), Twin(lambda: create(config), keys)
            for twin in two:
                await twin.start()
                stack.push_async_callback(twin.stop)
            peers[name] = two[1].url.removesuffix("/api/v1")
            return two

        customer = await pair("customer", create_customer, CustomerConfig, feed=FeedConfig())
        product = await pair("product", create_product, ServiceConfig)
        order = await pair(
            "order", create_order, OrderServiceConfig, order=OrderConfig(), feed=FeedConfig()
        )
        yield Twins(customer, product, order, time, client, run)
        await stack.aclose()
    async with Databases(mongo_uri) as client:
        for name in ("customer", "product", "order"):
            await client.drop_database(f"{name}_{run}")


Count = Callable[[], Awaitable[int]]


@dataclass(frozen=True)
class Case:
    """One creating POST: a valid request, another one, one that is refused by its schema.

    ``made`` counts what has been made of the valid one.
    """

    first: Twin
    second: Twin
    path: str
    body: dict[str, Any]
    other: dict[str, Any]
    invalid: dict[str, Any]
    made: Count

"""The three services in this process, each on a free port, on real servers, without Consul.

For tests that speak HTTP and have no process to kill. What is stopped comes back at its address.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from aiohttp import web
from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection
from tests.asking import Api

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
from shop.common.web.server import Runner
from shop.customer.app import Config as CustomerConfig
from shop.customer.app import create_app as create_customer
from shop.local.ports import HOST, free_port
from shop.order.app import Config as FullOrderConfig
from shop.order.app import create_app as create_order
from shop.order.config import OrderConfig
from shop.product.app import create_app as create_product

NO_TOKENS = AuthConfig(required=False)


class Served:
    """One service."""

    def __init__(self, create: Any, config: ServiceConfig) -> None:
        self._create = create
        self._config = config
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where it is, or would be."""
        return f"http://{HOST}:{self._config.http.port}"

    @property
    def database(self) -> str:
        """The name of its database."""
        return self._config.mongo.database

    async def start(self) -> None:
        """Listen, and return when it does its work."""
        runner = Runner(self._create(self._config), access_log=None, shutdown_timeout=1)
        self._runner = runner
        await runner.setup()
        await web.TCPSite(runner, self._config.http.host, self._config.http.port).start()

    async def stop(self) -> None:
        """Be gone from the network."""
        if self._runner:
            await self._runner.cleanup()
        self._runner = None


async def at_rest(orders: AsyncCollection[dict[str, Any]], within_s: float = 30) -> None:
    """Return when no order waits for a peer."""
    waits = {"work.steps": {"$elemMatch": {"$ne": "cancel_unpaid"}}}  # that one has its time
    async with asyncio.timeout(within_s):
        while await orders.count_documents(waits):
            await asyncio.sleep(0.05)


@dataclass(frozen=True)
class ServedShop:
    """All three, and how to ask them."""

    customer: Served
    product: Served
    order: Served
    customers: Api
    products: Api
    orders: Api
    placed: AsyncCollection[dict[str, Any]]

    @asynccontextmanager
    async def without(self, name: str) -> AsyncIterator[None]:
        """Take a service away; it is back, and what waited for it is done, when this is left.

        So no breaker that its absence opened can spoil what comes after.
        """
        await getattr(self, name).stop()
        try:
            yield
        finally:
            await getattr(self, name).start()
            await at_rest(self.placed)


@asynccontextmanager
async def served_shop(
    mongo_uri: str,
    redis_url: str,
    auth: AuthConfig = NO_TOKENS,
    feed: FeedConfig | None = None,
    **order: Any,
) -> AsyncIterator[ServedShop]:
    """Serve a shop of its own; ``order`` are settings of OrderConfig. Its data go with it.

    It is patient: a slow machine is not what most tests are about.
    """
    ports = {name: free_port() for name in ("customer", "product", "order")}
    run = uuid4().hex
    peers = ",".join(f"{name}=http://{HOST}:{port}" for name, port in ports.items())

    def settings(name: str) -> Mapping[str, Any]:
        return {
            "http": HttpConfig(port=ports[name]),
            "mongo": MongoConfig(mongo_uri, f"{name}_{run}", timeout_s=10.0),
            "redis": RedisConfig(redis_url),
            "consul": ConsulConfig(url="", peers=peers, open_max_s=0.01),
            "log": LogConfig(),
            "auth": auth,
        }

    customer = Served(
        create_customer, CustomerConfig(**settings("customer"), feed=feed or FeedConfig())
    )
    product = Served(create_product, ServiceConfig(**settings("product")))
    order_config = FullOrderConfig(
        **settings("order"),
        order=OrderConfig(**{"inline_timeout_s": 5.0, **order}),
        feed=feed or FeedConfig(),
    )
    orders = Served(create_order, order_config)
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(AsyncMongoClient[dict[str, Any]](mongo_uri))
        for service in (customer, product, orders):
            stack.push_async_callback(service.stop)
            await service.start()
        apis = [
            await stack.enter_async_context(Api(f"{service.url}/api/v1"))
            for service in (customer, product, orders)
        ]
        placed = client[orders.database]["orders"]
        yield ServedShop(customer, product, orders, *apis, placed)
        for service in (orders, product, customer):
            await service.stop()
        for name in ports:
            await client.drop_database(f"{name}_{run}")

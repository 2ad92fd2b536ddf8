"""The only place where the customer service's objects are built and joined."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from aiohttp import web

from shop.common import cache, feed, idempotency, mongo
from shop.common.background import running
from shop.common.config import FeedConfig, ServiceConfig
from shop.common.web import KEYS, READINESS, REGISTRY, build, rates_shared
from shop.customer import handlers
from shop.customer.erasure import Eraser
from shop.customer.repository import (
    CUSTOMER_INDEXES,
    ERASURE_INDEXES,
    LINK_INDEXES,
    CachedCustomers,
    CachedLinks,
    MongoCustomers,
    MongoErasures,
    MongoLinks,
    watched,
)
from shop.customer.schemas import encode_customer, encode_link
from shop.customer.service import CustomerOrders, Customers


@dataclass(frozen=True)
class Config(ServiceConfig):
    """What the customer service is told, beside what all are."""

    feed: FeedConfig


DEFAULTS = {"SHOP_HTTP_PORT": 8001, "SHOP_MONGO_DATABASE": "customer"}


def create_app(config: Config) -> web.Application:
    """Return the service's application; its connections open when it starts."""
    app = build(config.http, __package__, handlers, config.auth)

    registry = app[REGISTRY] if config.http.metrics else None

    async def parts(app: web.Application) -> AsyncIterator[None]:
        async with (
            mongo.opened(config.mongo, registry) as database,
            cache.opened(config.redis, config.mongo.database, registry) as kept,
            rates_shared(app, config.redis, config.mongo.database),
        ):
            await mongo.ensure_indexes(database["customers"], CUSTOMER_INDEXES)
            await mongo.ensure_indexes(database["customerOrders"], LINK_INDEXES)
            await mongo.ensure_indexes(database["erasures"], ERASURE_INDEXES)
            app[KEYS] = answers = await idempotency.opened(database, config.http)
            customers = CachedCustomers(
                MongoCustomers(database["customers"], encode_customer), kept
            )
            links = CachedLinks(MongoLinks(database["customerOrders"], encode_link), kept)
            eraser = Eraser(customers, links, answers, MongoErasures(database["erasures"]))
            app[handlers.ERASER] = eraser
            app[handlers.CUSTOMERS] = Customers(customers, links, eraser)
            app[handlers.ORDERS] = CustomerOrders(customers, links)
            app[READINESS].checks.append(lambda: mongo.ping(database))
            told = watched(database["customers"], encode_customer)
            async with running(eraser.run()), feed.opened(app, told, config.feed):
                yield

    app.cleanup_ctx.append(parts)
    return app

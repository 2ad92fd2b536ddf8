"""The only place where the product service's objects are built and joined."""

from collections.abc import AsyncIterator

from aiohttp import web

from shop.common import cache, idempotency, mongo
from shop.common.background import running
from shop.common.config import ServiceConfig
from shop.common.web import KEYS, READINESS, REGISTRY, SHORTCUTS, build, rates_shared
from shop.product import handlers
from shop.product.pages import Pages
from shop.product.repository import (
    CachedProducts,
    MongoAdjustments,
    MongoProducts,
    MongoReservations,
    MongoShelf,
    create_indexes,
)
from shop.product.schemas import encode_stored
from shop.product.service import Adjustments, Catalogue, Reservations, Sweeper

Config = ServiceConfig
DEFAULTS = {"SHOP_HTTP_PORT": 8002, "SHOP_MONGO_DATABASE": "product"}


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
            await create_indexes(database)
            app[KEYS] = await idempotency.opened(database, config.http)
            app[READINESS].checks.append(lambda: mongo.ping(database))
            async with running(_join(app, database, kept).run()):
                yield

    app.cleanup_ctx.append(parts)
    return app


def _join(app: web.Application, database: mongo.Database, kept: cache.Cache) -> Sweeper:
    collection = database["products"]
    products = CachedProducts(MongoProducts(collection, encode_stored), kept)
    shelf = MongoShelf(collection, products.stock_changed)
    reservations = MongoReservations(database["reservations"])
    adjustments = MongoAdjustments(database["stockAdjustments"], collection)
    app[SHORTCUTS].offer(handlers.get_product.__name__, products.glance)
    app[handlers.CATALOGUE] = catalogue = Catalogue(products)
    app[handlers.PAGES] = Pages(catalogue)
    app[handlers.ADJUSTMENTS] = Adjustments(shelf, adjustments)
    app[handlers.RESERVATIONS] = Reservations(shelf, reservations)
    return Sweeper(shelf, reservations, adjustments)

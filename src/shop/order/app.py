"""The only place where the order service's objects are built and joined."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import ClientSession, web

from shop.common import cache, mongo, peer, trace
from shop.common.background import running
from shop.common.config import ConsulConfig, ServiceConfig
from shop.common.idempotency import MongoKeys
from shop.common.settings import ConfigError
from shop.common.web import KEYS, READINESS, build
from shop.order import handlers
from shop.order.cached import CachedOrders
from shop.order.config import OrderConfig
from shop.order.peers import HttpCustomer, HttpProduct
from shop.order.relay import Relay
from shop.order.repository import MongoOrders
from shop.order.saga import Saga
from shop.order.schemas import encode_order
from shop.order.service import OrderService


@dataclass(frozen=True)
class Config(ServiceConfig):
    """What the order service is told, beside what all are."""

    order: OrderConfig


DEFAULTS = {"SHOP_HTTP_PORT": 8003, "SHOP_MONGO_DATABASE": "order"}


def create_app(config: Config) -> web.Application:
    """Return the service's application; its connections open when it starts.

    Raises ConfigError for peers that cannot be read.
    """
    app = build(config.http, __package__, handlers)
    fixed = _fixed_resolver(config.consul)

    async def parts(app: web.Application) -> AsyncIterator[None]:
        async with (
            mongo.opened(config.mongo) as database,
            cache.opened(config.redis, config.mongo.database) as kept,
            peer.open_session() as session,
            _resolver(config.consul, fixed, session) as resolver,
        ):
            stored = MongoOrders(database["orders"], encode_order)
            await stored.prepare()
            app[KEYS] = await MongoKeys(database["idempotencyKeys"]).prepared()
            app[READINESS].checks.append(lambda: mongo.ping(database))
            relay = _join(app, config, CachedOrders(stored, kept), resolver, session)
            async with running(relay.run(), stop=relay.stop):
                yield

    app.cleanup_ctx.append(parts)
    return app


def _join(
    app: web.Application,
    config: Config,
    orders: CachedOrders,
    resolver: peer.Resolver,
    session: ClientSession,
) -> Relay:
    product = peer.PeerClient("product", resolver, session, headers=trace.outgoing)
    customer = peer.PeerClient("customer", resolver, session, headers=trace.outgoing)
    saga = Saga(orders, HttpProduct(product), HttpCustomer(customer), config.order)
    relay = Relay(orders, saga, config.order)
    app[handlers.ORDERS] = OrderService(orders, saga, config.order, relay.wake)
    return relay


def _fixed_resolver(config: ConsulConfig) -> peer.FixedResolver | None:
    if not config.peers and not config.url:
        raise ConfigError("SHOP_PEERS: name customer and product, or set SHOP_CONSUL_HTTP_ADDR.")
    try:
        return peer.FixedResolver.parse(config.peers) if config.peers else None
    except ValueError as error:
        raise ConfigError(f"SHOP_PEERS: {error}") from None


@asynccontextmanager
async def _resolver(
    config: ConsulConfig, fixed: peer.FixedResolver | None, session: ClientSession
) -> AsyncIterator[peer.Resolver]:
    consul = peer.ConsulClient(session, peer.ConsulOptions(config.url, config.token))
    resolver: peer.Resolver = fixed or peer.ConsulResolver(consul)
    try:
        yield resolver
    finally:
        await resolver.close()

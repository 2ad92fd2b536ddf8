"""The only place where the order service's objects are built and joined."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from aiohttp import web

from shop.common import auth, cache, discovery, feed, idempotency, mongo
from shop.common.background import running
from shop.common.config import FeedConfig, ServiceConfig
from shop.common.web import KEYS, PEERS, READINESS, REGISTRY, build, rates_shared
from shop.order import handlers, measures
from shop.order.audit import AuditTrail
from shop.order.backlog import MongoBacklog
from shop.order.cached import CachedOrders
from shop.order.config import OrderConfig
from shop.order.erasure import Erasure
from shop.order.erasure_notes import MongoErasureNotes
from shop.order.intake import MongoIntake
from shop.order.metrics import BacklogMetrics
from shop.order.peers import HttpCustomer, HttpProduct
from shop.order.relay import Relay
from shop.order.repository import MongoOrders
from shop.order.saga import Saga
from shop.order.schemas import encode_order
from shop.order.service import OrderService
from shop.order.settled import Settled
from shop.order.told import watched
from shop.order.traces import TracedOrders


@dataclass(frozen=True)
class Config(ServiceConfig):
    """What the order service is told, beside what all are."""

    order: OrderConfig
    feed: FeedConfig


NAME = "order"
DEFAULTS = {"SHOP_HTTP_PORT": 8003, "SHOP_MONGO_DATABASE": "order"}


def create_app(config: Config) -> web.Application:
    """Return the service's application; its connections open when it starts.

    Raises ConfigError where it could not find its peers, or not show them who it is.
    """
    discovery.check(config.consul)
    app = build(config.http, __package__, handlers, config.auth)
    own = auth.credentials(NAME, config.auth)

    registry = app[REGISTRY] if config.http.metrics else None
    measures.show(app[REGISTRY])

    async def parts(app: web.Application) -> AsyncIterator[None]:
        async with (
            mongo.opened(config.mongo, registry) as database,
            cache.opened(config.redis, config.mongo.database, registry) as kept,
            rates_shared(app, config.redis, config.mongo.database),
            discovery.opened(config.consul, registry, config.tls, own) as peers,
        ):
            trail = AuditTrail(database["orders"], database["audit"])
            await trail.prepare()
            intake = MongoIntake(database["intake"], database["orders"])
            settled = Settled(intake, trail)
            stored = MongoOrders(database["orders"], intake, settled, encode_order)
            await stored.prepare()
            backlog = MongoBacklog(database["orders"], intake)
            notes = MongoErasureNotes(database["erasures"])
            await notes.prepare()
            app[handlers.AUDIT] = trail
            app[KEYS] = answers = await idempotency.opened(database, config.http)
            app[READINESS].checks.append(lambda: mongo.ping(database))
            app[PEERS] = peers
            orders = TracedOrders(CachedOrders(stored, kept), answers, trail)
            relay = _join(app, config.order, orders, peers)
            erasure = Erasure(HttpCustomer(peers.client("customer")), notes, orders)
            async with (
                running(trail.run()),
                running(settled.run(), stop=settled.stop),
                running(erasure.run(config.order.erasure_poll_s)),
                running(relay.run(), stop=relay.stop),
                running(BacklogMetrics(app[REGISTRY]).keep(backlog)),
                feed.opened(app, watched(database["orders"], encode_order), config.feed),
            ):
                yield

    app.cleanup_ctx.append(parts)
    return app


def _join(
    app: web.Application,
    config: OrderConfig,
    orders: TracedOrders,
    peers: discovery.Peers,
) -> Relay:
    product, customer = peers.client("product"), peers.client("customer")

    def saga() -> Saga:
        """What the relay repeats may take a peer long: no new order shares a batch with it."""
        return Saga(orders, HttpProduct(product), HttpCustomer(customer), config)

    relay = Relay(orders, saga(), config)
    app[handlers.ORDERS] = OrderService(orders, saga(), config, relay.wake)
    return relay

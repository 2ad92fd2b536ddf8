"""Builds the aiohttp application of a service from its spec and its handlers."""

from collections.abc import AsyncIterator, Mapping
from functools import partial
from types import ModuleType

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from shop.common import auth, gc_pauses
from shop.common.config import AuthConfig, HttpConfig
from shop.common.web import debug, health, metrics
from shop.common.web.admission import ADMISSION, Admission
from shop.common.web.certificates import CERTIFICATES, CertificateExpiry
from shop.common.web.cors import VARY, cors
from shop.common.web.docs import add_docs
from shop.common.web.loop_lag import LoopLag
from shop.common.web.observer import Observer
from shop.common.web.outermost import Outermost
from shop.common.web.rates import RATES, Rates
from shop.common.web.refusals import REFUSALS, Refusals
from shop.common.web.routes import bind
from shop.common.web.server import SHORTCUTS
from shop.common.web.shedding import Shedding, SheddingOptions
from shop.common.web.shortcut import Shortcuts
from shop.common.web.slow_clients import LIMITS, ConnectionLimits
from shop.common.web.spec import Operation, Spec

log = structlog.get_logger()

BODY_MAX_BYTES = 1024 * 1024


def build(
    config: HttpConfig, package: str, handlers: ModuleType, auth_config: AuthConfig
) -> web.Application:
    """Return an application that serves what ``package``'s swagger.yaml says, to whom it says.

    Raises SpecError where the spec and the handlers do not fit together, or an operation does not
    say who may call it; ConfigError where it would be open to everyone by mistake.
    """
    verifier = auth.verifier(auth_config, config.host)
    spec = Spec.of(package)
    app = web.Application(client_max_size=BODY_MAX_BYTES)
    registry = app[metrics.REGISTRY] = metrics.new_registry()
    app[health.READINESS] = health.Readiness()
    app[CERTIFICATES] = CertificateExpiry(registry)
    _bound_connections(app, config)
    rates = app[RATES] = Rates(config, registry)
    operations = bind(app, spec, handlers, verifier, rates)
    _wrap(app, config, operations, guarded=verifier is not None)
    if verifier is None:
        app.on_startup.append(_warn)
    else:
        app.cleanup_ctx.append(partial(_keys_kept, verifier))
    add_docs(app, spec)
    _stand_beside(app, config)
    return app


def _bound_connections(app: web.Application, config: HttpConfig) -> None:
    """Say what slow clients, and too many of them, are held to."""
    app[LIMITS] = ConnectionLimits(
        idle_s=config.idle_timeout_s,
        head_s=config.head_timeout_s,
        body_s=config.body_timeout_s,
        unread_s=config.unread_timeout_s,
        most=config.max_connections,
    )


def _wrap(
    app: web.Application,
    config: HttpConfig,
    operations: Mapping[Handler, Operation],
    *,
    guarded: bool,
) -> None:
    """Add what every request passes through, on the long way and on the short one."""
    registry = app[metrics.REGISTRY]
    shedding = Shedding(SheddingOptions(max_in_flight=config.max_in_flight))
    admission = app[ADMISSION] = Admission(shedding, registry)
    measured = metrics.request_seconds(registry) if config.metrics else None
    routes = {operation.id: operation.path for operation in operations.values()}
    observer = Observer(measured, routes, logged=config.request_log)
    if config.cors_origins:
        app.middlewares.append(cors(config.cors_origins))
    refusals = app[REFUSALS] = Refusals(registry)
    around = Outermost(config.request_timeout_s, operations, admission, observer, refusals)
    app.middlewares.append(around.middleware)
    app[SHORTCUTS] = Shortcuts(
        operations.values(),
        admission,
        observer,
        app[RATES].of_reads,
        timeout_s=config.request_timeout_s,
        added=VARY if config.cors_origins else "",
        guarded=guarded,
    )
    app.on_cleanup.append(admission.close)


def _stand_beside(app: web.Application, config: HttpConfig) -> None:
    """Add what is for those who run the service, outside the base path."""
    app.router.add_get("/health/live", health.live)
    app.router.add_get("/health/ready", health.ready)
    if config.metrics:
        gc_pauses.watch()
        app.cleanup_ctx.append(LoopLag(app[metrics.REGISTRY]).watch)
        app.router.add_get("/metrics", metrics.metrics)
    if config.debug_peers:
        app.router.add_get("/debug/peers", debug.peers)


async def _keys_kept(verifier: auth.Verifier, _: web.Application) -> AsyncIterator[None]:
    async with auth.kept(verifier):
        yield


async def _warn(_: web.Application) -> None:
    log.warning("SHOP_AUTH=off: whoever can call may do everything")

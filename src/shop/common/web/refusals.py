"""Counts who is not let in (401, 403), and why; only where a request is refused."""

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter

from shop.common.auth import InvalidToken, NoToken
from shop.common.errors import Forbidden, ShopError, Unauthenticated

CERTIFICATE = "certificate-required"
_REASONS: dict[type[ShopError], str] = {NoToken: "no-token", InvalidToken: "invalid-token"}


class Refusals:
    """The reason is the code of the problem, but for 401, of which one code says too little."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._refused = Counter(
            "shop_http_refused",
            "Requests refused with 401 or 403: who asked is not known, or may not do this.",
            ["operation", "reason"],
            registry=registry,
        )

    def count(self, operation: str | None, error: Exception) -> None:
        """Count a request if it is this that it failed by."""
        if isinstance(error, Unauthenticated | Forbidden):
            reason = _REASONS.get(type(error), error.code)
            self._refused.labels(operation or "-", reason).inc()

    def count_stranger(self) -> None:
        """Count one without a certificate: what it asked for was not looked at."""
        self._refused.labels("-", CERTIFICATE).inc()


REFUSALS: web.AppKey[Refusals] = web.AppKey("refusals", Refusals)

"""Prometheus metrics of one app; each app has a registry of its own."""

from aiohttp import web
from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

REGISTRY: web.AppKey[CollectorRegistry] = web.AppKey("registry", CollectorRegistry)

_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class RequestMetrics:
    """How many requests, with which outcome, and how long they took."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "shop_http_request_seconds",
            "Time from a request's arrival to its answer.",
            ["operation", "status"],
            buckets=_BUCKETS_S,
            registry=registry,
        )
        self._children: dict[tuple[str, int], Histogram] = {}

    def observe(self, operation: str, status: int, taken_s: float) -> None:
        """Count one request."""
        child = self._children.get((operation, status))
        if child is None:
            child = self._seconds.labels(operation, str(status))
            self._children[operation, status] = child
        child.observe(taken_s)


def new_registry() -> CollectorRegistry:
    """Return a registry with what is known about every Python process."""
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    return registry


async def metrics(request: web.Request) -> web.Response:
    """Answer Prometheus."""
    body = generate_latest(request.app[REGISTRY])
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

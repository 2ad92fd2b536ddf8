"""Prometheus metrics of one app; each app has a registry of its own."""

import asyncio
from collections.abc import Iterator

from aiohttp import web
from prometheus_client import (
    CollectorRegistry,
    Gauge,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.core import CounterMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from shop.common import gathered, gc_pauses, log
from shop.common.histogram import Histogram

REGISTRY: web.AppKey[CollectorRegistry] = web.AppKey("registry", CollectorRegistry)


def request_seconds(registry: CollectorRegistry) -> Histogram:
    """Return what counts requests, by operation and status, and how long they took."""
    seconds = Histogram(
        "shop_http_request_seconds",
        "Time from a request's arrival to its answer.",
        ["operation", "status"],
    )
    registry.register(seconds)
    return seconds


class _Dropped(Collector):
    """Lines of log that were lost."""

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Return how many, as prometheus_client wants it."""
        yield CounterMetricFamily(
            "shop_log_lines_dropped",
            "Lines of log that standard error did not take.",
            value=log.dropped(),
        )


def new_registry() -> CollectorRegistry:
    """Return a registry with what is known about this process, whatever it serves."""
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    registry.register(_Dropped())
    registry.register(gathered.CALLS)
    registry.register(gc_pauses.SECONDS)
    tasks = Gauge("shop_loop_tasks", "Tasks of the event loop.", registry=registry)
    tasks.set_function(lambda: len(asyncio.all_tasks()))
    return registry


async def metrics(request: web.Request) -> web.Response:
    """Answer Prometheus: in plain text, or with examples of traces where it knows OpenMetrics."""
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return web.Response(body=encode(request.app[REGISTRY]), headers={"Content-Type": content_type})

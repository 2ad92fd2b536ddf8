"""Prometheus metrics of one app; each app has a registry of its own."""

import asyncio
import time
from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate

from aiohttp import web
from prometheus_client import (
    CollectorRegistry,
    Gauge,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from shop.common import log

REGISTRY: web.AppKey[CollectorRegistry] = web.AppKey("registry", CollectorRegistry)

_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_BOUNDS = [*map(str, map(float, _BUCKETS_S)), "+Inf"]


class _Series:
    """The requests of one operation that had one outcome."""

    __slots__ = ("counts", "since_s", "sum_s")

    def __init__(self) -> None:
        self.counts = [0] * len(_BOUNDS)
        self.sum_s = 0.0
        self.since_s = time.time()


class RequestMetrics(Collector):
    """How many requests, with which outcome, and how long they took.

    A histogram as prometheus_client shows it; that one's own takes locks, for threads that are
    not there, and looks through the buckets one by one, which costs four times as much.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._series: dict[tuple[str, int], _Series] = {}
        registry.register(self)

    def observe(self, operation: str, status: int, taken_s: float) -> None:
        """Count one request."""
        series = self._series.get((operation, status))
        if series is None:
            series = self._series[operation, status] = _Series()
        series.counts[bisect_left(_BUCKETS_S, taken_s)] += 1
        series.sum_s += taken_s

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Return what was counted, as prometheus_client wants it."""
        name = "shop_http_request_seconds"
        family = HistogramMetricFamily(
            name,
            "Time from a request's arrival to its answer.",
            labels=["operation", "status"],
        )
        for (operation, status), series in self._series.items():
            labels = {"operation": operation, "status": str(status)}
            counts = zip(_BOUNDS, map(float, accumulate(series.counts)), strict=True)
            family.add_metric(list(labels.values()), list(counts), series.sum_s)
            family.add_sample(f"{name}_created", labels, series.since_s)
        yield family


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
    """Return a registry with what is known about every Python process, and about its log."""
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    registry.register(_Dropped())
    tasks = Gauge("shop_loop_tasks", "Tasks of the event loop.", registry=registry)
    tasks.set_function(lambda: len(asyncio.all_tasks()))
    return registry


async def metrics(request: web.Request) -> web.Response:
    """Answer Prometheus."""
    body = generate_latest(request.app[REGISTRY])
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

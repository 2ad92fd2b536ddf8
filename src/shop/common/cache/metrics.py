"""How well the cache serves, and how Redis is, as Prometheus sees it."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from shop.common.cache.multiplexed import Multiplexed
from shop.common.cache.read_through import RedisReadThrough


class CacheMetrics(Collector):
    """Reads what the cache and its connection count, whenever Prometheus asks."""

    def __init__(
        self, registry: CollectorRegistry, cache: RedisReadThrough, redis: Multiplexed
    ) -> None:
        self._cache = cache
        self._redis = redis
        registry.register(self)
        registry.register(redis.seconds)

    def collect(self) -> Iterable[Metric]:
        """Return what is known now."""
        reads = CounterMetricFamily(
            "shop_cache_reads", "Reads by id, by what the cache knew.", labels=["outcome"]
        )
        for outcome, count in self._cache.reads.items():
            reads.add_metric([outcome], count)
        yield reads
        gauges = {
            "shop_cache_away": ("1: reads and writes go past the cache.", self._cache.away),
            "shop_cache_marks_owed": ("Marks that Redis should have got.", self._cache.owed),
            "shop_redis_connected": ("Whether there is a connection to Redis.", self._redis.is_up),
            "shop_redis_waiting": ("Commands that Redis has not answered.", self._redis.waiting),
        }
        for name, (text, value) in gauges.items():
            yield GaugeMetricFamily(name, text, value=float(value))
        yield CounterMetricFamily(
            "shop_redis_failures", "Connections to Redis that failed.", self._redis.failures
        )

"""How rates per caller hold, as Prometheus sees it; nothing where there are none."""

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from shop.common.rate import Limiter


class RateMetrics(Collector):
    """Reads what the limiters know, each by its name, whenever Prometheus asks."""

    def __init__(self, registry: CollectorRegistry, limiters: Mapping[str, Limiter]) -> None:
        self._limiters = limiters
        registry.register(self)

    def collect(self) -> Iterable[Metric]:
        """Return what is known now."""
        over = GaugeMetricFamily(
            "shop_http_rate_callers_over",
            "Callers who would be refused if they asked now.",
            labels=["limit"],
        )
        alone = CounterMetricFamily(
            "shop_http_rate_alone_seconds",
            "Time in which callers were counted by this instance alone, as Redis was away.",
            labels=["limit"],
        )
        for name, limiter in self._limiters.items():
            over.add_metric([name], limiter.over())
            alone.add_metric([name], limiter.ledger.away_s if limiter.ledger else 0.0)
        yield over
        yield alone

"""What clients tell of their work, and what they know, as Prometheus sees it."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from .breaker import State
from .client import PeerClient
from .events import PeerListener
from .gauges import gauges
from .instance import Instance
from .resolver import Resolver

_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_REASONS = ("bulkhead", "breaker", "no-instance", "budget")


class _Times:
    """How many requests fell into each bucket (not added up), and how long all took together."""

    __slots__ = ("counts", "sum_s")

    def __init__(self) -> None:
        self.counts = [0] * (len(_BUCKETS_S) + 1)
        self.sum_s = 0.0


class _Tally:
    """The requests to one instance with one outcome; ``times`` are those of the whole peer."""

    __slots__ = ("requests", "times")

    def __init__(self, times: _Times) -> None:
        self.requests = 0
        self.times = times


class PeerMetrics(PeerListener, Collector):
    """Make it the listener of clients, and ``show`` each: it counts what it is told, and reads what
    they know whenever Prometheus asks.

    It keeps counts of its own, since prometheus_client's take a lock for each number and cost
    several times as much. So all its clients belong to one loop, and the registry to that thread.
    The label is ``peer_instance`` because ``instance`` is Prometheus's own, for whom it scrapes.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._shown: dict[str, tuple[PeerClient, Resolver]] = {}
        self._tallies: dict[tuple[str, str, str], _Tally] = {}
        self._times: dict[tuple[str, str], _Times] = {}
        self._transitions: Counter[tuple[str, str, str]] = Counter()
        self._retries: Counter[tuple[str]] = Counter()
        self._hedges: Counter[tuple[str]] = Counter()
        self._rejected: Counter[tuple[str, str]] = Counter()
        registry.register(self)

    def show(self, client: PeerClient, resolver: Resolver) -> None:
        """Read from now on what a client knows, and what its resolver knows of the service.

        A second client of the same service takes the place of the first.
        """
        service = client.view().service
        self._shown[service] = client, resolver
        self._retries[service,] += 0  # a rate counts from what was seen before
        self._hedges[service,] += 0
        for reason in _REASONS:
            self._rejected[service, reason] += 0

    def attempted(self, service: str, instance: Instance, outcome: str, took_s: float) -> None:
        """Count one request to one instance."""
        tally = self._tallies.get((service, instance.id, outcome))
        if tally is None:
            tally = self._begin(service, instance, outcome)
        tally.requests += 1
        times = tally.times
        times.counts[bisect_left(_BUCKETS_S, took_s)] += 1
        times.sum_s += took_s

    def retried(self, service: str) -> None:
        """Count a retry."""
        self._retries[service,] += 1

    def hedged(self, service: str) -> None:
        """Count a hedge."""
        self._hedges[service,] += 1

    def rejected(self, service: str, reason: str) -> None:
        """Count a call, or a retry, that was not let through."""
        self._rejected[service, reason] += 1

    def breaker_changed(
        self,
        service: str,
        instance: Instance,
        before: State,  # noqa: ARG002
        after: State,
        reason: str,  # noqa: ARG002
    ) -> None:
        """Count a breaker's change of state."""
        self._transitions[service, instance.id, after.value] += 1

    def forgotten(self, service: str, instance: Instance) -> None:
        """Drop what was counted of an instance, unless another one has its id now.

        (One that was registered anew, with other tags, is another one.)
        """
        if service in self._shown:
            client, _ = self._shown[service]
            if any(each.id == instance.id for each in client.view().instances):
                return
        gone = (service, instance.id)
        self._tallies = {key: each for key, each in self._tallies.items() if key[:2] != gone}
        for key in [key for key in self._transitions if key[:2] == gone]:
            del self._transitions[key]

    def describe(self) -> Iterable[Metric]:
        """Name what there is, so that a registry refuses a second one."""
        return self.collect()

    def collect(self) -> Iterable[Metric]:
        """Return all that is counted and known now."""
        yield from self._counted()
        yield from gauges(
            [
                (client.view(), resolver.views().get(service))
                for service, (client, resolver) in self._shown.items()
            ]
        )

    def _begin(self, service: str, instance: Instance, outcome: str) -> _Tally:
        times = self._times.setdefault((service, outcome), _Times())
        tally = self._tallies[service, instance.id, outcome] = _Tally(times)
        return tally

    def _counted(self) -> Iterable[Metric]:
        yield _counter(
            "shop_peer_attempts",
            "Requests to instances; retries and hedges are requests, too.",
            ["peer", "peer_instance", "outcome"],
            {key: tally.requests for key, tally in self._tallies.items()},
        )
        yield self._seconds()
        yield _counter(
            "shop_peer_breaker_transitions",
            "Changes of an instance's breaker to this state.",
            ["peer", "peer_instance", "to"],
            self._transitions,
        )
        yield _counter("shop_peer_retries", "Retries begun.", ["peer"], self._retries)
        yield _counter("shop_peer_hedges", "Hedges begun.", ["peer"], self._hedges)
        yield _counter(
            "shop_peer_rejected",
            "Calls that were not let through; for the reason budget: retries.",
            ["peer", "reason"],
            self._rejected,
        )

    def _seconds(self) -> Metric:
        family = HistogramMetricFamily(
            "shop_peer_attempt_seconds",
            "Time from a request to an instance to its outcome.",
            labels=["peer", "outcome"],
        )
        bounds = [*map(floatToGoString, _BUCKETS_S), "+Inf"]
        for key, times in self._times.items():
            buckets = list(zip(bounds, map(float, accumulate(times.counts)), strict=True))
            family.add_metric(key, buckets, times.sum_s)
        return family


def _counter(name: str, text: str, labels: list[str], counts: Mapping[Any, int]) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for key, count in counts.items():
        family.add_metric(key, count)
    return family

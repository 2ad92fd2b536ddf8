"""A histogram for one loop: two numbers are added to a list, and Prometheus is shown the sums.

prometheus_client's own takes locks, for threads that are not there, and looks through the buckets
one by one, which costs several times as much.
"""

import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar
from prometheus_client.utils import floatToGoString

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Series:
    """What was observed under one set of labels. ``counts``: by bucket, not added up."""

    __slots__ = ("counts", "exemplars", "since_s", "total")

    def __init__(self, buckets: int) -> None:
        self.counts = [0] * buckets
        self.exemplars: dict[int, tuple[str, float, float]] = {}  # trace, value, time of day
        self.total = 0.0
        self.since_s = time.time()


class Histogram(Collector):
    """``bounds``: the upper ends of its buckets, but for the last one, which has none."""

    def __init__(
        self, name: str, text: str, labels: Sequence[str], bounds: Sequence[float] = SECONDS
    ) -> None:
        self._name = name
        self._text = text
        self._labels = list(labels)
        self._bounds = tuple(bounds)
        self._shown = [*map(floatToGoString, map(float, bounds)), "+Inf"]
        self._series: dict[tuple[object, ...], Series] = {}

    def observe(
        self, labels: tuple[object, ...], value: float, trace_id: str | None = None
    ) -> None:
        """Count one value; ``trace_id``: the trace that is an example of such a value."""
        series = self._series.get(labels)
        if series is None:
            series = self._series[labels] = Series(len(self._shown))
        bucket = bisect_left(self._bounds, value)
        series.counts[bucket] += 1
        series.total += value
        if trace_id is not None:
            series.exemplars[bucket] = trace_id, value, time.time()

    def count(self, *labels: object) -> int:
        """Return how many values were observed under these labels."""
        series = self._series.get(labels)
        return sum(series.counts) if series else 0

    def describe(self) -> Iterable[HistogramMetricFamily]:
        """Name what there is, so that a registry refuses a second one."""
        yield HistogramMetricFamily(self._name, self._text, labels=self._labels)

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Return what was counted, as prometheus_client wants it."""
        family = HistogramMetricFamily(self._name, self._text, labels=self._labels)
        for labels, series in self._series.items():
            values = list(map(str, labels))
            family.add_metric(values, self._buckets(series), series.total)
            named = dict(zip(self._labels, values, strict=True))
            family.add_sample(f"{self._name}_created", named, series.since_s)
        yield family

    def _buckets(self, series: Series) -> list[tuple[str, float] | tuple[str, float, Exemplar]]:
        counts = zip(self._shown, accumulate(series.counts), strict=True)
        shown: list[tuple[str, float] | tuple[str, float, Exemplar]] = []
        for bucket, (bound, count) in enumerate(counts):
            if bucket in series.exemplars:
                trace_id, value, at_s = series.exemplars[bucket]
                shown.append((bound, float(count), Exemplar({"trace_id": trace_id}, value, at_s)))
            else:
                shown.append((bound, float(count)))
        return shown

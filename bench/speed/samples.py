"""What was measured, and what follows from it: medians over rounds, ratios within a round."""

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Sample:
    """One contender under one load in one round. CPU is that of its own processes, and of MongoDB.

    ``at``: how many connections, or another number that the row is about (documents, instances).
    ``failed``: share of requests that were refused or got no answer.
    """

    row: str
    contender: str
    at: int
    round: int
    rate: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    mongo_us: float
    failed: float = 0.0


@dataclass(frozen=True)
class Line:
    """The medians over all rounds; ``spread``: of the rates, (highest - lowest) / median."""

    row: str
    contender: str
    at: int
    rate: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    mongo_us: float
    failed: float
    spread: float
    ratio: float | None = None

    def against(self, ratio: float | None) -> "Line":
        return replace(self, ratio=ratio)


def lines(samples: Iterable[Sample], base: str) -> list[Line]:
    """Return one line per row, contender and ``at``, in the order in which they were measured.

    ``ratio``: the median over the rounds of its rate against that of ``base`` in the same round.
    """
    groups: dict[tuple[str, str, int], list[Sample]] = defaultdict(list)
    for sample in samples:
        groups[sample.row, sample.contender, sample.at].append(sample)
    found = []
    for (row, _, at), group in groups.items():
        against = groups.get((row, base, at), [])
        found.append(_line(group, ratio(group, against, "rate")))
    return found


def ratio(group: Sequence[Sample], base: Sequence[Sample], what: str) -> float | None:
    """Return the median over the rounds that both have, None if there is none."""
    by_round = {sample.round: getattr(sample, what) for sample in base}
    both = [
        getattr(sample, what) / by_round[sample.round]
        for sample in group
        if by_round.get(sample.round)
    ]
    return statistics.median(both) if both else None


def chosen(samples: Iterable[Sample], row: str, contender: str, at: int) -> list[Sample]:
    return [s for s in samples if (s.row, s.contender, s.at) == (row, contender, at)]


def spread(values: Sequence[float]) -> float:
    """Return (highest - lowest) / median."""
    middle = statistics.median(values)
    return (max(values) - min(values)) / middle if middle else 0.0


def _line(group: Sequence[Sample], against: float | None) -> Line:
    def middle(what: str) -> float:
        return statistics.median(getattr(sample, what) for sample in group)

    first = group[0]
    return Line(
        row=first.row,
        contender=first.contender,
        at=first.at,
        rate=middle("rate"),
        p50_ms=middle("p50_ms"),
        p99_ms=middle("p99_ms"),
        cpu_us=middle("cpu_us"),
        mongo_us=middle("mongo_us"),
        failed=max(sample.failed for sample in group),
        spread=spread([sample.rate for sample in group]),
        ratio=against,
    )

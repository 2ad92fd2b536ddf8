"""What is counted, by the time at which it happened."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from bench.simulate.server import Server


@dataclass(slots=True)
class Span:
    """``calls`` of callers, the ``requests`` made for them, those ``to_marked`` instances.

    Calls count when they begin, the other numbers when they happen. ``took_s``: of calls that were
    answered.
    """

    calls: int = 0
    requests: int = 0
    to_marked: int = 0
    failed: int = 0
    took_s: list[float] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Return the part of the requests that went to marked instances."""
        return self.to_marked / self.requests if self.requests else 0.0

    def percentile_ms(self, percent: float) -> float:
        """Return the time below which so many of the answered calls were; 0.0 if none was."""
        took_s = sorted(self.took_s)
        return (
            took_s[min(len(took_s) - 1, int(len(took_s) * percent / 100))] * 1000 if took_s else 0.0
        )


class Tally:
    """Counts in spans of ``span_s`` seconds."""

    def __init__(self, instances: int, end_s: float, span_s: float = 0.25) -> None:
        self.span_s = span_s
        self.per_instance = [0] * instances
        self.spans = [Span() for _ in range(int(end_s / span_s) + 1)]

    def sent(self, server: Server, now_s: float) -> None:
        span = self._span(now_s)
        span.requests += 1
        span.to_marked += server.marked
        self.per_instance[server.number] += 1

    def forget_instances(self, _: None) -> None:
        self.per_instance = [0] * len(self.per_instance)

    def began(self, now_s: float) -> None:
        self._span(now_s).calls += 1

    def ended(self, well: bool, began_s: float, now_s: float) -> None:
        if well:
            self._span(now_s).took_s.append(now_s - began_s)
        else:
            self._span(now_s).failed += 1

    def between(self, begin_s: float, end_s: float) -> Span:
        """Return all of a time as one span."""
        return _sum(self.spans[round(begin_s / self.span_s) : round(end_s / self.span_s)])

    def _span(self, now_s: float) -> Span:
        return self.spans[min(int(now_s / self.span_s), len(self.spans) - 1)]


def _sum(spans: Iterable[Span]) -> Span:
    total = Span()
    for each in spans:
        total.calls += each.calls
        total.requests += each.requests
        total.to_marked += each.to_marked
        total.failed += each.failed
        total.took_s += each.took_s
    return total

"""A service in simulated time: requests come, are shed or let in, and are answered or time out."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

from shop.common.web.shedding import Shedding, SheddingOptions

GRACE_S = 0.25  # past its time, a request is given up


class Clock:
    """Seconds that the simulation tells."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@dataclass(frozen=True)
class Request:
    """When it comes, the seconds of work that it makes, and the seconds that it is given."""

    at_s: float
    work_s: float
    given_s: float
    operation: str = "get"


@dataclass
class Outcome:
    """What became of a request: answered, late, or why it was refused."""

    request: Request
    what: str
    at_s: float


@dataclass
class Service:
    """``discipline``: side-by-side (a loop's tasks share the processor), in-turn (a queue), or
    waiting (for others: any number of requests at once take no longer than one).
    """

    discipline: str
    options: SheddingOptions = field(default_factory=SheddingOptions)
    frozen: tuple[float, float] = (math.inf, math.inf)  # from, until: nothing goes on

    def __post_init__(self) -> None:
        self._clock = Clock()
        self.shedding = Shedding(self.options, self._clock)
        self._open: dict[int, list[float]] = {}  # the work that is left, when it is given up
        self.most_in_flight = 0

    def serve(self, requests: Iterable[Request]) -> list[Outcome]:
        """Return the outcome of every request, in the order in which they came."""
        coming = sorted(requests, key=lambda request: request.at_s)
        outcomes: list[Outcome | None] = [None] * len(coming)
        at = 0
        while at < len(coming) or self._open:
            until_s = coming[at].at_s if at < len(coming) else math.inf
            number = self._run(until_s)
            if number is not None:
                outcomes[number] = self._end(number, coming[number])
            else:
                outcomes[at] = self._begin(at, coming[at])
                at += 1
        return [outcome for outcome in outcomes if outcome]

    def _begin(self, number: int, request: Request) -> Outcome | None:
        refusal = self.shedding.enter(request.operation, request.given_s)
        if refusal:
            return Outcome(request, refusal.reason, self._clock.now_s)
        self._open[number] = [request.work_s, request.at_s + request.given_s + GRACE_S]
        self.most_in_flight = max(self.most_in_flight, len(self._open))
        return None

    def _end(self, number: int, request: Request) -> Outcome:
        del self._open[number]
        now_s = self._clock.now_s
        late = now_s > request.at_s + request.given_s
        self.shedding.leave(request.operation, late=late)
        return Outcome(request, "late" if late else "answered", now_s)

    def _run(self, until_s: float) -> int | None:
        """Go on until a request ends (return which), or until then (return None)."""
        if not self._open:
            self._clock.now_s = until_s
            return None
        working = [next(iter(self._open))] if self.discipline == "in-turn" else list(self._open)
        share = 1.0 if self.discipline == "waiting" else 1 / len(working)
        first = min(working, key=lambda number: self._open[number][0])
        patience = min(self._open, key=lambda number: self._open[number][1])
        done_s = self._after(self._open[first][0] / share)
        now_s = min(done_s, self._open[patience][1], until_s)
        worked_s = self._worked(now_s) * share
        for number in working:
            self._open[number][0] -= worked_s
        self._clock.now_s = now_s
        if now_s == done_s:
            return first
        return patience if now_s == self._open[patience][1] else None

    def _after(self, work_s: float) -> float:
        """Return when so much work is done from now on."""
        begun, ended = self.frozen
        end_s = max(self._clock.now_s, ended) if self._is_frozen() else self._clock.now_s
        end_s += work_s
        crosses = not self._is_frozen() and self._clock.now_s < begun < end_s
        return end_s + (ended - begun) if crosses else end_s

    def _worked(self, until_s: float) -> float:
        """Return how much is worked from now until then."""
        begun, ended = self.frozen
        idle_s = max(0.0, min(until_s, ended) - max(self._clock.now_s, begun))
        return until_s - self._clock.now_s - idle_s

    def _is_frozen(self) -> bool:
        return self.frozen[0] <= self._clock.now_s < self.frozen[1]


def evenly(
    rate: float,
    from_s: float,
    until_s: float,
    work_s: float,
    given_s: float,
    operation: str = "get",
) -> list[Request]:
    """Return requests at equal distances, whose work varies by up to half around its mean."""
    count, share = int((until_s - from_s) * rate), Random(1)
    return [
        Request(from_s + i / rate, work_s * share.uniform(0.5, 1.5), given_s, operation)
        for i in range(count)
    ]


def counted(outcomes: Iterable[Outcome]) -> Counter[str]:
    """Return how many requests came to which end."""
    return Counter(outcome.what for outcome in outcomes)

"""Load shedding: requests that could not be answered in their time are refused as they arrive.

An asyncio server has no queue that one could look at: the requests in flight are the queue. By
Little's law (L = lambda * W) a request takes the number in flight over the rate of answers. Each
operation is such a queue of its own, since one that hangs says nothing of the others.

The rate of answers is the capacity only while there is a backlog; otherwise it is what callers
happen to ask for. So it is measured over the time with a backlog alone, and a service that had
none is taken to be as fast as it needs to be. See docs/adr/0015-load-shedding.md.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

Clock = Callable[[], float]

OVERLOADED, FULL = "deadline", "full"  # why a request is refused: its time, or the hard limit


@dataclass(frozen=True)
class SheddingOptions:
    """``max_in_flight``: all operations together never have more. ``floor``: an operation with
    fewer in flight has no backlog, and refuses none.

    ``span_s``: the rate is that of the last one to two spans, which are longer where less comes to
    an end. ``outcomes_min`` and ``busy_min_s``: what must have been seen of a backlog before its
    rate is believed; while a backlog grows, answers lag behind. ``caution``: how many times the
    mean of what a request takes must fit into its time, since they are served side by side and
    not in turn, so that many take longer than the mean.
    """

    max_in_flight: int = 256
    floor: int = 16
    span_s: float = 1.0
    outcomes_min: int = 16
    busy_min_s: float = 0.1
    caution: float = 1.5


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is refused, and when there may be room again."""

    reason: str
    retry_after_s: float


class _Span:
    """What was seen of a backlog: how long there was one, and what became of its requests."""

    __slots__ = ("answered", "busy_s", "late", "since_s")

    def __init__(self, since_s: float) -> None:
        self.since_s = since_s
        self.busy_s = 0.0
        self.answered = 0
        self.late = 0


class Backlog:
    """One operation's requests in flight, and how fast they are answered while they queue."""

    __slots__ = ("_before", "_clock", "_now", "_options", "_seen_s", "in_flight")

    def __init__(self, options: SheddingOptions, clock: Clock) -> None:
        self.in_flight = 0
        self._options = options
        self._clock = clock
        self._seen_s = -math.inf  # up to when the backlog was measured
        self._now = self._before = _Span(-math.inf)

    def enter(self) -> None:
        """Count a request in."""
        self.in_flight += 1
        if self.in_flight == self._options.floor:
            self._begin(self._clock())

    def leave(self, *, late: bool) -> None:
        """Count a request out; a late one is no answer, only a sign that there are too many."""
        if self.in_flight >= self._options.floor:
            self._measure(self._clock())
            if late:
                self._now.late += 1
            else:
                self._now.answered += 1
        self.in_flight -= 1

    def withdraw(self) -> None:
        """Count a request out of which nothing can be said."""
        if self.in_flight >= self._options.floor:
            self._measure(self._clock())
        self.in_flight -= 1

    def estimate_s(self) -> float:
        """Return how long one more request may take; 0.0 where there is no telling."""
        options = self._options
        if self.in_flight < options.floor:
            return 0.0
        self._measure(self._clock())
        now, before = self._now, self._before
        answered, late = now.answered + before.answered, now.late + before.late
        busy_s = now.busy_s + before.busy_s
        if busy_s < options.busy_min_s or answered + late < options.outcomes_min:
            return 0.0
        mean_s = self.in_flight * busy_s / answered if answered else math.inf
        return options.caution * mean_s

    def _begin(self, now_s: float) -> None:
        """Go on measuring; what was seen long ago says nothing of today."""
        if now_s - self._seen_s > 2 * self._options.span_s:
            self._now, self._before = _Span(now_s), _Span(now_s)
        self._seen_s = now_s

    def _measure(self, now_s: float) -> None:
        now = self._now
        now.busy_s += now_s - self._seen_s
        self._seen_s = now_s
        if (
            now_s - now.since_s >= self._options.span_s
            and now.answered + now.late >= self._options.outcomes_min
        ):
            self._now, self._before = _Span(now_s), now


class Shedding:
    """Decides for every request of an operation whether it is let in."""

    def __init__(
        self, options: SheddingOptions = SheddingOptions(), clock: Clock = time.monotonic
    ) -> None:
        self.in_flight = 0
        self._options = options
        self._clock = clock
        self._backlogs: dict[str, Backlog] = {}

    def enter(self, operation: str, left_s: float) -> Refusal | None:
        """Let a request in that has ``left_s`` seconds, and return None; or say why not.

        ``leave`` must follow where it was let in, and only there.
        """
        if self.in_flight >= self._options.max_in_flight:
            return Refusal(FULL, 1.0)
        backlog = self._backlogs.get(operation)
        if backlog is None:
            backlog = self._backlogs[operation] = Backlog(self._options, self._clock)
        if backlog.in_flight >= self._options.floor:
            estimate_s = backlog.estimate_s()
            if estimate_s > left_s:
                return Refusal(OVERLOADED, min(estimate_s - left_s, 5.0))
        backlog.enter()
        self.in_flight += 1
        return None

    def leave(self, operation: str, *, late: bool) -> None:
        """Count a request out that was let in; ``late``: its time ran out before its answer."""
        self.in_flight -= 1
        self._backlogs[operation].leave(late=late)

    def withdraw(self, operation: str) -> None:
        """Count a request out that had no outcome: it comes in once more."""
        self.in_flight -= 1
        self._backlogs[operation].withdraw()

    def return_to(self, operation: str) -> bool:
        """Count a withdrawn request in again; tell whether there is room for it.

        ``leave`` must follow either way.
        """
        self.in_flight += 1
        self._backlogs[operation].enter()
        return self.in_flight <= self._options.max_in_flight

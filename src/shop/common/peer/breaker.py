"""A circuit breaker for one instance: after too many failures, leave it alone for a while.

The states are those of Nygard, "Release It!"; failure and slow-call rates over a window with a
minimum of calls those of resilience4j; the generations those of sony/gobreaker: every change of
state begins a new one, and what was begun in an earlier one is not counted when it ends.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, IntEnum
from random import Random, SystemRandom

from .window import SlidingWindow


class State(Enum):
    """``CLOSED``: calls pass. ``OPEN``: none does. ``HALF_OPEN``: a few do, as probes."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Outcome(IntEnum):
    """How a call ended; ``DROPPED``: the caller gave it up, which says nothing of the instance."""

    SUCCESS = 0
    FAILURE = 1
    DROPPED = 2


@dataclass(frozen=True)
class BreakerOptions:
    """It opens where, of ``minimum_calls`` or more that ended within ``window_s``, either the share
    ``failure_rate`` failed or the share ``slow_call_rate`` took ``slow_call_s`` or longer. It also
    opens where ``consecutive_failures`` failed with no success between: an instance that dies under
    load has a window full of good calls.

    It stays open for ``open_first_s``, doubled each time it opens again within ``window_s`` of
    having closed, up to ``open_max_s``; half of that time is drawn, so that many callers do not
    probe at once. Then ``probes`` calls pass: it closes when all of them went well, and opens when
    one did not.
    """

    window_s: float = 10.0
    minimum_calls: int = 5
    failure_rate: float = 0.5
    consecutive_failures: int = 5
    slow_call_s: float = 2.0
    slow_call_rate: float = 0.8
    open_first_s: float = 1.0
    open_max_s: float = 5.0
    probes: int = 3

    def __post_init__(self) -> None:
        if min(self.minimum_calls, self.consecutive_failures, self.probes) < 1:
            raise ValueError("minimum_calls, consecutive_failures and probes are at least 1")
        if not 0 < self.failure_rate <= 1 or not 0 < self.slow_call_rate <= 1:
            raise ValueError("a rate is more than 0 and at most 1")


OnChange = Callable[[State, State, str], None]
_CALLS, _FAILED, _SLOW = 0, 1, 2


class Breaker:
    """Ask ``admits``; then ``begin`` a call, and ``end`` it. Times are of one monotonic clock."""

    def __init__(
        self,
        options: BreakerOptions = BreakerOptions(),
        *,
        rng: Random | None = None,
        on_change: OnChange = lambda _before, _after, _why: None,
    ) -> None:
        self.state = State.CLOSED
        self._generation = 0
        self.probing = 0  # probes in flight
        self._options = options
        self._rng = rng or SystemRandom()
        self._on_change = on_change
        self._window = SlidingWindow(3, options.window_s)
        self._openings = 0  # in a row
        self._opens_until_s = 0.0
        self._closed_at_s = 0.0
        self._in_a_row = 0
        self._passed = 0

    def admits(self, now_s: float) -> bool:
        """Say whether a call may begin now."""
        if self.state is State.CLOSED:
            return True
        if self.state is State.OPEN:
            return now_s >= self._opens_until_s
        return self.probing + self._passed < self._options.probes

    def retry_after_s(self, now_s: float) -> float:
        """Return the seconds until a call may be admitted; 0.0 where that depends on others."""
        return max(0.0, self._opens_until_s - now_s) if self.state is State.OPEN else 0.0

    def begin(self, now_s: float) -> int:
        """Begin a call, which must be admitted; return what ``end`` is to be given."""
        if self.state is not State.CLOSED:
            if self.state is State.OPEN:
                self._change(State.HALF_OPEN, now_s, "time to probe")
            self.probing += 1
        return self._generation

    def end(self, generation: int, outcome: Outcome, took_s: float, now_s: float) -> None:
        """End a call."""
        if generation != self._generation:
            return
        slow = took_s >= self._options.slow_call_s
        if self.state is State.CLOSED:
            if outcome is not Outcome.DROPPED:
                self._window.add(_CALLS, now_s)
                self._in_a_row = self._in_a_row + 1 if outcome is Outcome.FAILURE else 0
                if slow or self._in_a_row:
                    self._count(outcome, slow, now_s)
            return
        self.probing -= 1
        if outcome is Outcome.FAILURE or (outcome is Outcome.SUCCESS and slow):
            self._open(
                now_s, "a probe failed" if outcome is Outcome.FAILURE else "a probe was slow"
            )
        elif outcome is Outcome.SUCCESS:
            self._passed += 1
            if self._passed == self._options.probes:
                self._change(State.CLOSED, now_s, "all probes went well")

    def _count(self, outcome: Outcome, slow: bool, now_s: float) -> None:
        if outcome is Outcome.FAILURE:
            self._window.add(_FAILED, now_s)
        if slow:
            self._window.add(_SLOW, now_s)
        self._judge(now_s)

    def _judge(self, now_s: float) -> None:
        if self._in_a_row >= self._options.consecutive_failures:
            self._open(now_s, f"{self._in_a_row} calls failed in a row")
            return
        calls = self._window.total(_CALLS, now_s)
        if calls < self._options.minimum_calls:
            return
        failed, slow = self._window.total(_FAILED, now_s), self._window.total(_SLOW, now_s)
        if failed >= self._options.failure_rate * calls:
            self._open(now_s, f"{failed} of {calls} calls failed")
        elif slow >= self._options.slow_call_rate * calls:
            self._open(now_s, f"{slow} of {calls} calls were slow")

    def _open(self, now_s: float, why: str) -> None:
        relapsed = self.state is State.HALF_OPEN or (
            self._openings and now_s - self._closed_at_s < self._options.window_s
        )
        self._openings = self._openings + 1 if relapsed else 1
        # From 2**32 on the maximum holds anyway, and a float must not overflow.
        doubled_s = self._options.open_first_s * 2 ** min(self._openings - 1, 32)
        longest_s = min(self._options.open_max_s, doubled_s)
        self._opens_until_s = now_s + self._rng.uniform(longest_s / 2, longest_s)
        self._change(State.OPEN, now_s, why)

    def _change(self, after: State, now_s: float, why: str) -> None:
        before, self.state = self.state, after
        self._generation += 1
        self.probing = self._passed = self._in_a_row = 0
        if after is State.CLOSED:
            self._closed_at_s = now_s
            self._window.clear()
        self._on_change(before, after, why)

"""The generic cell rate algorithm (GCRA, ITU-T I.371), counted here and settled in the background.

Of each caller one time is known: when all that was let in would be due, were it sent at the rate.
A request moves it on by one interval, and is refused while it is more than the burst ahead. So one
number per caller is enough, and nothing has to be filled up again
(https://brandur.org/rate-limiting).

No request waits for Redis. What was let in here is told to the ledger a chunk at a time, and its
answer says how far ahead the caller is over all instances. So all of them together let in the
burst and the rate, and at most one chunk more each, and what they let in while the ledger answers.
While it does not, each instance counts alone: nobody is refused because Redis is away. An answer
that is late counts from when it was asked for, so neither is anybody because Redis is slow.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

Clock = Callable[[], float]

_MOST = 20_000  # callers that are known at once: about 5 MB
_CHUNKS = 8  # so many make a burst


@dataclass(frozen=True)
class Rate:
    """``per_s`` requests in the long run, ``burst`` at once."""

    per_s: float
    burst: int

    @property
    def interval_s(self) -> float:
        """The time that one request is worth."""
        return 1 / self.per_s

    @property
    def chunk(self) -> int:
        """How many requests are let in before the ledger is told."""
        return max(1, self.burst // _CHUNKS)


class Ledger(Protocol):
    """What all instances have let in."""

    def settle(self, caller: str, spent_s: float, told: Callable[[float], None]) -> None:
        """Add what a caller was let in for, and some time call ``told`` with how far ahead it is.

        Both in seconds. It is never called where the ledger is away.
        """

    @property
    def away_s(self) -> float:
        """For how long it has been away, in all."""


class _Meter:
    """One caller."""

    __slots__ = ("due_s", "unsettled")

    def __init__(self) -> None:
        self.due_s = 0.0
        self.unsettled = 0


class Limiter:
    """One rate, for each caller of its own."""

    def __init__(
        self, rate: Rate, ledger: Ledger | None = None, clock: Clock = monotonic, most: int = _MOST
    ) -> None:
        self.ledger = ledger
        self._interval_s = rate.interval_s
        self._ahead_max_s = (rate.burst - 1) * rate.interval_s + 1e-9
        self._chunk = rate.chunk
        self._clock = clock
        self._most = most
        self._meters: dict[str, _Meter] = {}

    def spend(self, caller: str) -> float:
        """Let one request in and return 0.0; or return after how many seconds to come back."""
        meter = self._meters.get(caller)
        if meter is None:
            meter = self._new(caller)
        now_s = self._clock()
        due_s = meter.due_s
        if due_s < now_s:
            due_s = now_s
        over_s = due_s - now_s - self._ahead_max_s
        if over_s > 0:
            return over_s
        meter.due_s = due_s + self._interval_s
        meter.unsettled += 1
        if meter.unsettled >= self._chunk and self.ledger is not None:
            self._settle(self.ledger, caller, meter)
        return 0.0

    def give_back(self, caller: str) -> None:
        """Take back that a request was let in: it comes again."""
        meter = self._meters.get(caller)
        if meter is not None:
            meter.due_s -= self._interval_s
            meter.unsettled -= 1

    def over(self) -> int:
        """Return how many callers would be refused if they asked now; it looks at all of them."""
        from_s = self._clock() + self._ahead_max_s
        return sum(meter.due_s > from_s for meter in self._meters.values())

    def __len__(self) -> int:
        """Return how many callers are known."""
        return len(self._meters)

    def _settle(self, ledger: Ledger, caller: str, meter: _Meter) -> None:
        spent_s, meter.unsettled = meter.unsettled * self._interval_s, 0
        asked_s = self._clock()  # what the answer says was so then, or a little later

        def told(ahead_s: float) -> None:
            meter.due_s = asked_s + ahead_s + meter.unsettled * self._interval_s

        ledger.settle(caller, spent_s, told)

    def _new(self, caller: str) -> _Meter:
        if len(self._meters) >= self._most:
            self._forget()
        meter = self._meters[caller] = _Meter()
        return meter

    def _forget(self) -> None:
        """Forget who owes nothing, as if they had never been here; if need be, the oldest too.

        The ledger still knows those, and says so with the next chunk.
        """
        now_s = self._clock()
        owing = [item for item in self._meters.items() if item[1].due_s > now_s]
        self._meters = dict(owing[-self._most // 2 :])

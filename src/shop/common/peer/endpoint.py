"""What one client knows of one instance: how it does, and whether it may be called."""

from dataclasses import dataclass

from .breaker import Breaker, Outcome, State
from .instance import Instance
from .latency import PeakEwma


@dataclass(frozen=True)
class LoadOptions:
    """How the latency of instances is estimated.

    ``decay_s``: time constant by which the past is forgotten. ``initial_s``: what is expected of
    the first instances (little: next to one that is known to be quick, one that is thought to be
    slow would not be tried); of later ones, the median of those that are known. A failure counts
    as ``failure_factor`` times slower than what was expected, ``failure_max_s`` at most.
    ``warm_up_s``: for so long a new instance, or one whose breaker has closed again, gets less than
    its share, growing from a tenth.
    """

    decay_s: float = 10.0
    initial_s: float = 0.001
    failure_factor: float = 10.0
    failure_max_s: float = 1.0
    warm_up_s: float = 5.0


# A call that has begun: its number, the breaker's generation, and when. (A plain tuple: one is made
# for each call, and a class of any kind costs ten times as much to make.)
Ticket = tuple[int, int, float]

_COLDEST = 0.1


class Endpoint:
    """An instance with its breaker, its latency, and the calls that it has not answered yet.

    Times are of one monotonic clock, and come from the caller.
    """

    __slots__ = (
        "_began_s",
        "_next",
        "_options",
        "breaker",
        "instance",
        "latency",
        "outstanding",
        "warm_at_s",
    )

    def __init__(
        self,
        instance: Instance,
        breaker: Breaker,
        options: LoadOptions,
        *,
        now_s: float,
        initial_s: float,
        warm: bool,
    ) -> None:
        self.instance = instance
        self.breaker = breaker
        self.latency = PeakEwma(initial_s, options.decay_s, now_s)
        self.warm_at_s = now_s if warm else now_s + options.warm_up_s
        self.outstanding = 0  # calls that it has not answered yet
        self._options = options
        self._began_s: dict[int, float] = {}  # of the calls in flight, the oldest first
        self._next = 0

    def begin(self, now_s: float) -> Ticket:
        """Begin a call, which the breaker must admit; it ends by ``end``."""
        number = self._next = self._next + 1
        self.outstanding += 1
        self._began_s[number] = now_s
        return number, self.breaker.begin(now_s), now_s

    def end(self, ticket: Ticket, outcome: Outcome, now_s: float) -> float:
        """End a call; return how many seconds it took."""
        number, generation, began_s = ticket
        took_s = now_s - began_s
        self.outstanding -= 1
        del self._began_s[number]
        if outcome is Outcome.SUCCESS:
            self.latency.observe(took_s, now_s)
        elif outcome is Outcome.FAILURE:
            self.latency.penalize(
                took_s, now_s, self._options.failure_factor, self._options.failure_max_s
            )
        elif took_s > self.latency.estimate_s(now_s):
            self.latency.observe(took_s, now_s)  # it would have taken at least as long
        probed = self.breaker.state is State.HALF_OPEN
        self.breaker.end(generation, outcome, took_s, now_s)
        if probed and self.breaker.state is State.CLOSED:
            self.warm_at_s = now_s + self._options.warm_up_s
        return took_s

    def estimate_s(self, now_s: float) -> float:
        """Return how long the next call is expected to take.

        Not less than the oldest call in flight has waited: one that hangs tells nothing by itself.
        """
        expected_s = self.latency.estimate_s(now_s)
        for began_s in self._began_s.values():
            return max(expected_s, now_s - began_s)
        return expected_s

    def warmth(self, now_s: float) -> float:
        """Return the part of its share that it gets: 1.0 once it is warm."""
        if now_s >= self.warm_at_s:
            return 1.0
        return max(_COLDEST, 1.0 - (self.warm_at_s - now_s) / self._options.warm_up_s)

"""How many extra requests a client may make: retries must not multiply an outage."""

from dataclasses import dataclass
from math import inf

from .window import SlidingWindow

_CALLS, _SPENT = 0, 1


@dataclass(frozen=True)
class RetryBudgetOptions:
    """Of the last ``window_s``, at most ``ratio`` extra requests per call; but ``reserve`` in any
    case, so that a client that seldom calls can retry at all.
    """

    ratio: float = 0.2
    window_s: float = 10.0
    reserve: int = 10

    def __post_init__(self) -> None:
        if self.ratio < 0 or self.reserve < 0:
            raise ValueError("ratio and reserve are not negative")


class RetryBudget:
    """Counts calls, and the retries and hedges that they may cost, over a sliding window.

    After the retry budgets of Google's SRE book ("Handling Overload") and of finagle. Other than
    finagle's, the reserve does not come on top: with ratio 0.2, whoever makes 50 calls in a window
    or more never makes over 20 % extra.
    """

    def __init__(self, options: RetryBudgetOptions = RetryBudgetOptions()) -> None:
        self._options = options
        self._window = SlidingWindow(2, options.window_s)
        self._spent_at_s = -inf

    def count_call(self, now_s: float) -> None:
        """Take note of a call, which earns a part of a retry."""
        self._window.add(_CALLS, now_s)

    def left(self, now_s: float) -> int:
        """Return how many extra requests may be made now."""
        # The calls that paid for it may have left the window before what was spent on them.
        return max(0, self._allowed(now_s) - self._window.total(_SPENT, now_s))

    def is_spent(self, now_s: float) -> bool:
        """Say whether nothing is left; cheap as long as nothing is being spent."""
        if self._options.reserve and now_s - self._spent_at_s > self._options.window_s:
            return False
        return self.left(now_s) < 1

    def spend(self, now_s: float) -> bool:
        """Take one extra request out of the budget; False: there is none left."""
        return self._spend(now_s, 1)

    def spend_spare(self, now_s: float) -> bool:
        """The same for what only saves time: half of the budget is left to what saves a call."""
        return self._spend(now_s, 1 + self._allowed(now_s) // 2)

    def _allowed(self, now_s: float) -> int:
        earned = int(self._options.ratio * self._window.total(_CALLS, now_s))
        return max(self._options.reserve, earned)

    def _spend(self, now_s: float, needed: int) -> bool:
        if self.left(now_s) < needed:
            return False
        self._window.add(_SPENT, now_s)
        self._spent_at_s = now_s
        return True

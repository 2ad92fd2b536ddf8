"""How long to wait before the next try."""

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Backoff:
    """Exponential backoff with full jitter, from ``first_s`` and never more than ``max_s``.

    "Full jitter" of the AWS Architecture Blog, "Exponential Backoff And Jitter" (2015): anything
    from nothing to the ceiling, so that many who failed together do not come back together.
    """

    first_s: float
    max_s: float

    def ceiling_s(self, failures: int) -> float:
        """Return the longest wait after so many failures in a row (1: the first)."""
        # From 2**32 on the cap holds anyway, and a float must not overflow after days of failures.
        return float(min(self.max_s, self.first_s * 2 ** min(failures - 1, 32)))

    def delay_s(self, failures: int, rng: Random) -> float:
        """Return a wait, in seconds, after so many failures in a row (1: the first)."""
        return rng.uniform(0.0, self.ceiling_s(failures))

"""How long an instance takes lately, with bad news believed at once and good news slowly."""

from math import exp


class PeakEwma:
    """A moving average that jumps up to each peak and decays from it with the time constant.

    From finagle's ``PeakEwma.scala`` (load metric of its ``P2CPeakEwma`` balancer): the weight of
    the past is ``exp(-elapsed / decay_s)``, so it forgets by time, not by number of calls; while
    nothing is seen the estimate decays too, so what was slow once is tried again.
    Until the first call has ended it is ``initial_s``.
    """

    __slots__ = ("_cost_s", "_decay_s", "_seen", "_stamp_s")

    def __init__(self, initial_s: float, decay_s: float, now_s: float) -> None:
        self._cost_s = initial_s
        self._decay_s = decay_s
        self._stamp_s = now_s
        self._seen = False

    def observe(self, took_s: float, now_s: float) -> None:
        """Take in how long a call took."""
        elapsed_s = now_s - self._stamp_s
        weight = exp(-elapsed_s / self._decay_s) if elapsed_s > 0 else 1.0
        decayed_s = self._cost_s * weight
        if took_s >= decayed_s or not self._seen:
            self._cost_s = took_s
        else:
            self._cost_s = decayed_s + took_s * (1 - weight)
        self._seen = True
        self._stamp_s = now_s

    def penalize(self, took_s: float, now_s: float, factor: float, most_s: float) -> None:
        """Take in a failure: it counts as so many times slower than what is expected.

        A failure often comes faster than an answer (a port that is closed); taken as it is, it
        would draw the calls of all others to the dead instance. The next success is believed at
        once, though: how slow a failure was says nothing of it.
        """
        self.observe(max(took_s, min(most_s, factor * self.estimate_s(now_s))), now_s)
        self._seen = False

    def estimate_s(self, now_s: float) -> float:
        """Return what is expected of the next call."""
        elapsed_s = now_s - self._stamp_s
        return self._cost_s * exp(-elapsed_s / self._decay_s) if elapsed_s > 0 else self._cost_s

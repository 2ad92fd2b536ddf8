"""How often something happened lately."""


class SlidingWindow:
    """Counts, by kind, what happened in the last ``window_s`` seconds.

    The window moves in slices: what is counted leaves it between ``window_s`` less one slice and
    ``window_s`` later. Times come from the caller, from one monotonic clock.
    """

    __slots__ = ("_current", "_ends_s", "_now", "_ring", "_slice_s", "_totals")

    def __init__(self, kinds: int, window_s: float, slices: int = 10) -> None:
        if window_s <= 0 or slices < 1:
            raise ValueError("a window has a length, and at least one slice")
        self._slice_s = window_s / slices
        self._totals = [0] * kinds
        self._ring = [[0] * kinds for _ in range(slices)]
        self._now = 0  # the number of the current slice, counted from the clock's zero
        self._current = self._ring[0]
        self._ends_s = self._slice_s

    def add(self, kind: int, at_s: float) -> None:
        """Count one."""
        if at_s >= self._ends_s:
            self._move(at_s)
        self._current[kind] += 1
        self._totals[kind] += 1

    def total(self, kind: int, at_s: float) -> int:
        """Return how many are in the window."""
        if at_s >= self._ends_s:
            self._move(at_s)
        return self._totals[kind]

    def clear(self) -> None:
        """Forget all."""
        self._totals = [0] * len(self._totals)
        for counts in self._ring:
            counts[:] = self._totals

    def _move(self, at_s: float) -> None:
        now = int(at_s / self._slice_s)
        if now <= self._now:
            return
        size = len(self._ring)
        for number in range(max(self._now, now - size) + 1, now + 1):
            left = self._ring[number % size]
            for kind, count in enumerate(left):
                self._totals[kind] -= count
                left[kind] = 0
        self._now = now
        self._current = self._ring[now % size]
        self._ends_s = (now + 1) * self._slice_s

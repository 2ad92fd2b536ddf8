"""The most time that what is done for a request may take, as ``asyncio.timeout`` bounds it.

That sets and cancels a timer of the loop each time, though hardly any ever rings. Here one timer is
set for the earliest end there is; when it rings, that request has nearly always been answered long
ago, and the timer is set for the earliest of those that are still under way.
"""

import asyncio
import math
from time import monotonic
from types import TracebackType

_TICK_S = 0.001  # loops count time in milliseconds


class TimeLimits:
    """All the limits of one service."""

    def __init__(self) -> None:
        self.running: set[TimeLimit] = set()
        self.rings_at_s = math.inf

    def ring_at(self, at_s: float) -> None:
        """Have the timer ring for a limit that is earlier than all others."""
        self._set(at_s, monotonic())

    def _set(self, at_s: float, now_s: float) -> None:
        self.rings_at_s = at_s
        after_s = max(at_s - now_s, _TICK_S)
        asyncio.get_running_loop().call_later(after_s, self._ring, at_s)

    def _ring(self, set_for_s: float) -> None:
        if set_for_s != self.rings_at_s:  # another was set since, for an earlier one
            return
        now_s = monotonic()
        for limit in [limit for limit in self.running if limit.at_s <= now_s]:
            self.running.discard(limit)
            limit.expire()
        self.rings_at_s = math.inf
        if self.running:
            self._set(min(limit.at_s for limit in self.running), now_s)


class TimeLimit:
    """A context: what is inside is cancelled at ``at_s`` of the monotonic clock, with TimeoutError.

    As in asyncio, who cancels the task besides has the last word.
    """

    __slots__ = ("_cancelling", "_expired", "_limits", "_task", "at_s")

    def __init__(self, limits: TimeLimits, at_s: float) -> None:
        self.at_s = at_s
        self._limits = limits
        self._expired = False

    def expire(self) -> None:
        """Cancel what is inside: its time is over."""
        self._expired = True
        self._task.cancel()

    def __enter__(self) -> None:
        """Begin."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a time limit is for what runs in a task")
        self._task = task
        self._cancelling = task.cancelling()
        limits = self._limits
        limits.running.add(self)
        if self.at_s < limits.rings_at_s:
            limits.ring_at(self.at_s)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _: TracebackType | None,
    ) -> None:
        """End; raise TimeoutError where that is why."""
        if not self._expired:
            self._limits.running.discard(self)
        elif (
            self._task.uncancel() <= self._cancelling
            and kind is not None
            and issubclass(kind, asyncio.CancelledError)
        ):
            raise TimeoutError from error

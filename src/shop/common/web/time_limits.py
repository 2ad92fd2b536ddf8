"""The most time that what is done for a request may take, as ``asyncio.timeout`` bounds it."""

import asyncio
from types import TracebackType

from shop.common.shared_timer import SharedTimer


class TimeLimit:
    """A context: what is inside is cancelled at ``at_s`` of the monotonic clock, with TimeoutError.

    As in asyncio, who cancels the task besides has the last word.
    """

    __slots__ = ("_cancelling", "_expired", "_task", "_timer", "at_s")

    def __init__(self, timer: SharedTimer, at_s: float) -> None:
        self.at_s = at_s
        self._timer = timer
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
        self._timer.add(self)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _: TracebackType | None,
    ) -> None:
        """End; raise TimeoutError where that is why."""
        if not self._expired:
            self._timer.drop(self)
        elif (
            self._task.uncancel() <= self._cancelling
            and kind is not None
            and issubclass(kind, asyncio.CancelledError)
        ):
            raise TimeoutError from error

"""``asyncio.timeout`` for hot paths: many time limits share one timer of the loop.

A timer for each call costs more than the rest of this layer together (with uvloop some 15 us), and
nearly all are cancelled unused. So limits are kept in slots of 5 ms, as in a timing wheel (Varghese
and Lauck, "Hashed and Hierarchical Timing Wheels", 1987), and one timer per loop goes from slot to
slot while there is any. The price: a limit may be noticed up to two slots late, never early.
"""

import asyncio
from types import TracebackType
from weakref import WeakKeyDictionary

_SLOT_S = 0.005


class _Wheel:
    """The limits of one loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._slots: dict[int, set[Expiry]] = {}
        self._reached = 0
        self._turning = False

    def add(self, limit: "Expiry", timeout_s: float) -> int:
        """Have a limit told when its time is over; return the slot to remove it from."""
        number = int((self._loop.time() + timeout_s) / _SLOT_S) + 1
        slot = self._slots.get(number)
        if slot is None:
            slot = self._slots[number] = set()
        slot.add(limit)
        if not self._turning:
            self._turning = True
            self._reached = int(self._loop.time() / _SLOT_S)
            self._loop.call_later(_SLOT_S, self._turn)
        return number

    def remove(self, limit: "Expiry", number: int) -> None:
        """Forget a limit that was kept."""
        slot = self._slots.get(number)
        if slot is not None:
            slot.discard(limit)

    def _turn(self) -> None:
        now = int(self._loop.time() / _SLOT_S)
        for number in range(self._reached + 1, now + 1):
            for limit in self._slots.pop(number, ()):
                limit.expire()
        self._reached = now
        self._turning = bool(self._slots)
        if self._turning:
            self._loop.call_later(_SLOT_S, self._turn)


_wheels: WeakKeyDictionary[asyncio.AbstractEventLoop, _Wheel] = WeakKeyDictionary()


class Expiry:
    """A context manager that cancels what is inside after ``timeout_s``.

    It then raises TimeoutError; a cancellation from elsewhere is passed on. Not to be used twice.
    """

    __slots__ = ("_cancelling", "_expired", "_slot", "_task", "_timeout_s", "_wheel")

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._expired = False

    def __enter__(self) -> None:
        """Begin to count."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a time limit is for a task")
        loop = asyncio.get_running_loop()
        wheel = _wheels.get(loop)
        if wheel is None:
            wheel = _wheels[loop] = _Wheel(loop)
        self._task = task
        self._cancelling = task.cancelling()
        self._wheel = wheel
        self._slot = wheel.add(self, self._timeout_s)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop counting."""
        if not self._expired:
            self._wheel.remove(self, self._slot)
        # As in asyncio.Timeout: if somebody else has cancelled the task too, that goes first.
        elif self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def expire(self) -> None:
        """End what is inside."""
        self._expired = True
        self._task.cancel()

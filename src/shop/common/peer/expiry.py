"""``asyncio.timeout`` for hot paths: many time limits share one timer of the loop.

A timer for each call costs more than the rest of this layer together (with uvloop some 15 us), and
nearly all are cancelled unused. So limits are kept in slots of 5 ms, as in a timing wheel (Varghese
and Lauck, "Hashed and Hierarchical Timing Wheels", 1987), and one timer per loop goes from slot to
slot while there is any. The price: a limit may be noticed up to two slots late, never early. Where
the loop itself was held up, what came meanwhile is read before any limit is.
"""

import asyncio
from types import TracebackType
from weakref import WeakKeyDictionary

_SLOT_S = 0.005
_HELD_UP = 20  # slots


class _Wheel:
    """The limits of one loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.slots: dict[int, set[Expiry]] = {}
        self._reached = 0
        self._turning = False
        self._waited = False

    def slot(self, number: int) -> "set[Expiry]":
        """Begin a slot, and see to it that it will be reached."""
        slot = self.slots[number] = set()
        if not self._turning:
            self._turning = True
            self._reached = int(self.loop.time() / _SLOT_S)
            self.loop.call_later(_SLOT_S, self._turn)
        return slot

    def _turn(self) -> None:
        now = int(self.loop.time() / _SLOT_S)
        if now - self._reached > _HELD_UP and not self._waited:
            # The loop itself was held up: answers may have come in time, and are not read yet.
            self._waited = True
            self.loop.call_later(_SLOT_S, self._turn)
            return
        self._waited = False
        for number in range(self._reached + 1, now + 1):
            for limit in self.slots.pop(number, ()):
                limit.expire()
        self._reached = now
        self._turning = bool(self.slots)
        if self._turning:
            self.loop.call_later(_SLOT_S, self._turn)


_wheels: WeakKeyDictionary[asyncio.AbstractEventLoop, _Wheel] = WeakKeyDictionary()


def _wheel_of(loop: asyncio.AbstractEventLoop) -> _Wheel:
    wheel = _wheels.get(loop)
    if wheel is None:
        wheel = _wheels[loop] = _Wheel(loop)
    return wheel


class Expiry:
    """A context manager that cancels what is inside after ``timeout_s``.

    It then raises TimeoutError; a cancellation from elsewhere is passed on. Not to be used twice.
    """

    __slots__ = ("_cancelling", "_expired", "_slot", "_task", "_timeout_s")

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._expired = False

    def __enter__(self) -> None:
        """Begin to count."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a time limit is for a task")
        wheel = _wheel_of(task.get_loop())
        number = int((wheel.loop.time() + self._timeout_s) / _SLOT_S) + 1
        slot = wheel.slots.get(number)
        if slot is None:
            slot = wheel.slot(number)
        slot.add(self)
        self._slot = slot
        self._task = task
        self._cancelling = task.cancelling()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop counting."""
        if not self._expired:
            self._slot.discard(self)
        # As in asyncio.Timeout: if somebody else has cancelled the task too, that goes first.
        elif self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def expire(self) -> None:
        """End what is inside."""
        self._expired = True
        self._task.cancel()

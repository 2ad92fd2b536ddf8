"""What happens when: simulated time, and coroutines that wait in it."""

import heapq
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context, copy_context
from types import coroutine
from typing import Any


@coroutine
def until(at_s: float) -> Generator[float, None, None]:
    """Wait until a moment of the agenda's time."""
    yield at_s


class Agenda:
    """Does each thing at its time, and things of the same time in the order they were entered."""

    __slots__ = ("_due", "_number", "now_s")

    def __init__(self) -> None:
        self.now_s = 0.0
        self._due: list[tuple[float, int, Callable[[Any], object], Any]] = []
        self._number = 0

    def clock(self) -> float:
        """Return the time, in seconds since the beginning."""
        return self.now_s

    async def sleep(self, s: float) -> None:
        """Wait for so many seconds."""
        await until(self.now_s + s)

    def at(self, at_s: float, act: Callable[[Any], object], what: Any = None) -> None:
        """Enter something to be done."""
        self._number += 1
        heapq.heappush(self._due, (at_s, self._number, act, what))

    def begin(self, work: Coroutine[float, None, None]) -> None:
        """Begin a coroutine; whatever it waits for must be ``until``. Each has its own context."""
        self._go_on((work, copy_context()))

    def run(self, end_s: float | None = None) -> None:
        """Do what is due before ``end_s``; None: until nothing is left."""
        due, pop = self._due, heapq.heappop
        while due and (end_s is None or due[0][0] < end_s):
            self.now_s, _, act, what = pop(due)
            act(what)

    def _go_on(self, task: tuple[Coroutine[float, None, None], Context]) -> None:
        try:
            at_s = task[1].run(task[0].send, None)
        except StopIteration:
            return
        self.at(at_s, self._go_on, task)

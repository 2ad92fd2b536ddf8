"""Calls that are made at the same time, done together in one command.

Those that come in one burst go together: once a tick of the loop brings no more. Those that come
while they are under way wait, and go together then. So a single caller waits for nobody, and the
more callers there are the less each one costs: the group commit of databases (DeWitt et al.,
"Implementation Techniques for Main Memory Database Systems", 1984).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from time import monotonic
from typing import Any, Generic, TypeVar, cast

from shop.common import spans, trace
from shop.common.errors import DeadlineExceeded, ShopError
from shop.common.histogram import Histogram
from shop.common.peer import current_deadline
from shop.common.shared_timer import SharedTimer
from shop.common.waiting import Waiting

A = TypeVar("A")
R = TypeVar("R")

_Call = tuple[A, Waiting[R], trace.Trace | None]

MOST = 128
"""How many calls go together at most: one command must not take long."""

FEWEST = 8
"""Fewer are not split between commands that may go beside each other, and wait for one of half that
size: most of what a command costs it costs however many calls go together."""

BURST_S = 0.005
"""For how long more calls are waited for, as long as each tick brings some."""

CALLS = Histogram(
    "shop_gathered_calls",
    "How many calls went together.",
    ["operation"],
    [1, 2, 4, 8, 16, 32, 64, 128],
)


class Gathered(Generic[A, R]):
    """One operation. ``together`` does it for several arguments.

    It returns as many results, in their order; one that is an exception is raised to its caller
    alone. Where it raises a ShopError all of its callers are told. After any other error each is
    done once more, alone, so that one faulty argument is its own caller's affair; ``together``
    must bear that.

    ``at_once``: how many commands may be under way, each with its share of the calls; one that
    takes longer than ``patience_s`` (None: any) does not count any more, so it never holds up what
    comes later. ``until``: one that has been answered is still under way until this returns, which
    is given the results and raises nothing. ``name``: of the operation, for metrics; None: that of
    ``together``.
    """

    def __init__(
        self,
        together: Callable[[Sequence[A]], Awaitable[Sequence[R | Exception]]],
        *,
        most: int = MOST,
        at_once: int = 1,
        patience_s: float | None = None,
        until: Callable[[Sequence[R | Exception]], Awaitable[object]] | None = None,
        name: str | None = None,
    ) -> None:
        self._together = together
        self._labels = (name or name_of(together),)
        self._most = most
        self._at_once = at_once
        self._patience_s = patience_s
        self._until = until
        self._timer = SharedTimer()
        self._waiting: list[_Call[A, R]] = []
        self._going: dict[asyncio.Task[None], int] = {}  # with how many calls
        self._slow: set[asyncio.Task[None]] = set()

    @property
    def busy(self) -> bool:
        """Tell whether a command is under way, or anybody waits for one."""
        return bool(self._going or self._waiting or self._slow)

    def send(self, argument: A, waiting: Waiting[R]) -> None:
        """Do it for one argument; ``waiting`` is told what comes of that, and is not bounded."""
        self._waiting.append((argument, waiting, trace.current()))
        self._start()

    async def __call__(self, argument: A) -> R:
        """Do it for one argument, and raise what comes of that.

        Raises DeadlineExceeded when the caller's time is over; what has not gone by then never
        goes. The command itself has the time of its own that ``together`` gives it.
        """
        deadline = current_deadline()
        result: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        if deadline is None:
            self.send(argument, result)
            return await result
        left_s = deadline.remaining_s()
        if not left_s:
            raise _late()
        self.send(argument, result)
        patience = _Patience(monotonic() + left_s, result)
        self._timer.add(patience)
        try:
            return await result
        finally:
            self._timer.drop(patience)

    def _start(self) -> None:
        if len(self._going) < self._at_once and not self._too_few():
            # In a context of its own: nobody's time is bounded by what another has left.
            going = asyncio.get_running_loop().create_task(self._go(), context=Context())
            self._going[going] = 0

    async def _go(self) -> None:
        me = cast(asyncio.Task[None], asyncio.current_task())
        try:
            while self._waiting and me in self._going:
                self._going[me] = 0
                await self._burst()
                if self._too_few():
                    break
                calls = self._share()
                self._going[me] = len(calls)
                await self._hurry(me, [call for call in calls if not call[1].done()])
        finally:  # here, and not in a callback: who comes in between must not wait for ever
            self._going.pop(me, None)
            self._slow.discard(me)

    async def _burst(self) -> None:
        """Wait for as long as each tick brings more calls; one that comes alone waits for one tick.

        Callers who were answered together come again together, but not in one tick: they are
        answered, and read, one after the other.
        """
        known, until_s = 0, monotonic() + BURST_S
        while known < len(self._waiting) < self._most and monotonic() < until_s:
            known = len(self._waiting)
            await asyncio.sleep(0)

    def _too_few(self) -> bool:
        """Tell whether those who wait are better served together with those who are yet to come."""
        return len(self._waiting) < FEWEST and max(self._going.values(), default=0) * 2 >= FEWEST

    def _share(self) -> Sequence[_Call[A, R]]:
        """Return the calls that go together next."""
        all_there_are = len(self._waiting) + sum(self._going.values())
        share = max(FEWEST, -(-all_there_are // self._at_once))
        most = min(self._most, share)
        calls, self._waiting = self._waiting[:most], self._waiting[most:]
        return calls

    async def _hurry(self, me: asyncio.Task[None], calls: Sequence[_Call[A, R]]) -> None:
        if self._patience_s is None:
            return await self._settle(calls)
        timer = asyncio.get_running_loop().call_later(self._patience_s, self._pass_by, me)
        try:
            return await self._settle(calls)
        finally:
            timer.cancel()

    def _pass_by(self, slow: asyncio.Task[None]) -> None:
        """Let the next command go, beside one that takes long."""
        self._going.pop(slow, None)
        self._slow.add(slow)
        if self._waiting:
            self._start()

    async def _settle(self, calls: Sequence[_Call[A, R]]) -> None:
        if not calls:  # nobody waits any more, or another command has taken them
            return
        results = await self._answer(calls)
        if self._until is not None:
            await self._until(results)

    async def _answer(self, calls: Sequence[_Call[A, R]]) -> Sequence[R | Exception]:
        CALLS.observe(self._labels, len(calls))
        results: Sequence[R | Exception]
        try:
            with spans.together(self._labels[0], [caller for _, _, caller in calls]):
                results = await self._together([argument for argument, _, _ in calls])
        except Exception as error:
            if len(calls) > 1 and not isinstance(error, ShopError):
                return [result for call in calls for result in await self._answer([call])]
            results = [error] * len(calls)
        for (_, future, _), result in zip(calls, results, strict=True):
            if future.done():
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)
        return results


def name_of(function: Callable[..., object]) -> str:
    """Return the name of a method with that of its class: ``OrderWrites.insert``."""
    name = getattr(function, "__qualname__", type(function).__name__).rpartition("<locals>.")[2]
    return name.replace("._", ".").removesuffix("_together")


class _Patience:
    """How long one caller waits; then it is told that its time is over."""

    __slots__ = ("_result", "at_s")

    def __init__(self, at_s: float, result: asyncio.Future[Any]) -> None:
        self.at_s = at_s
        self._result = result

    def expire(self) -> None:
        if not self._result.done():
            self._result.set_exception(_late())


def _late() -> DeadlineExceeded:
    return DeadlineExceeded("The request's time ran out; it may still take effect.")

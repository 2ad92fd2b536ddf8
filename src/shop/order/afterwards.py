"""What is done for an order once its caller has been answered."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from contextvars import Context, copy_context
from typing import Any, TypeVar

import structlog

from shop.common.peer import deadline_scope

T = TypeVar("T")

MOST = 512
LINGER_S = 0.05
_CLOSE_S = 5.0

log = structlog.get_logger()


class Afterwards:
    """Work that nobody waits for, up to ``most`` pieces at once; beyond that its callers do wait.

    So what callers are answered never runs far ahead of what is done. Nothing is lost with it:
    it does what a relay would do later. Since nobody waits, each piece lingers for up to
    ``linger_s``, to begin together with others: what they ask and write then goes together too.
    """

    def __init__(self, most: int = MOST, linger_s: float = LINGER_S) -> None:
        self._most = most
        self._linger_s = linger_s
        self._waiting: list[tuple[Coroutine[Any, Any, Any], Context]] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None

    async def do(self, work: Coroutine[Any, Any, T]) -> T | None:
        """Let the work go on and return None at once; where too much does, return its result."""
        if len(self._tasks) + len(self._waiting) >= self._most:
            return await work
        with deadline_scope(None):  # it does not end with the time of the request
            self._waiting.append((work, copy_context()))
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._linger_s, self._begin)
        return None

    def _begin(self) -> None:
        self._timer = None
        waiting, self._waiting = self._waiting, []
        for work, context in waiting:
            task = asyncio.get_running_loop().create_task(work, context=context)
            self._tasks.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("an order is left to the relay", exc_info=error)

    async def close(self, within_s: float = _CLOSE_S) -> None:
        """Wait for what is to be done; what takes longer than that is given up, for a relay."""
        if self._timer is not None:
            self._timer.cancel()
        self._begin()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within_s)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def opened() -> AsyncIterator[Afterwards]:
    """Give the place for such work, and wait for it at the end."""
    afterwards = Afterwards()
    try:
        yield afterwards
    finally:
        await afterwards.close()

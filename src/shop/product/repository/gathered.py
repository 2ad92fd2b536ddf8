"""Calls that are made at the same time, done together in one command.

The first call goes at once; those that come while it is under way wait for it, and go together
then. So a single caller waits for nobody, and the more callers there are the less each one costs:
the group commit of databases (DeWitt et al., "Implementation Techniques for Main Memory Database
Systems", 1984).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from shop.common.peer import deadline_scope

A = TypeVar("A")
R = TypeVar("R")

MOST = 128
"""How many calls go together at most: one command must not take long."""


class Gathered(Generic[A, R]):
    """One operation. ``together`` does it for several arguments, and returns as many results."""

    def __init__(self, together: Callable[[Sequence[A]], Awaitable[Sequence[R]]]) -> None:
        self._together = together
        self._waiting: list[tuple[A, asyncio.Future[R]]] = []
        self._going: asyncio.Task[None] | None = None

    async def __call__(self, argument: A) -> R:
        """Do it for one argument; raise what the joint command raises."""
        result: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((argument, result))
        if self._going is None:
            with deadline_scope(None):  # nobody's time is bounded by what another has left
                self._going = asyncio.create_task(self._go())
        return await result

    async def _go(self) -> None:
        try:
            while self._waiting:
                calls, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                await self._answer([call for call in calls if not call[1].done()])
        finally:
            self._going = None

    async def _answer(self, calls: Sequence[tuple[A, "asyncio.Future[R]"]]) -> None:
        if not calls:
            return
        try:
            results = await self._together([argument for argument, _ in calls])
        except Exception as error:  # everybody is told
            for _, future in calls:
                if not future.done():
                    future.set_exception(error)
        else:
            for (_, future), result in zip(calls, results, strict=True):
                if not future.done():
                    future.set_result(result)

"""Ends what nobody else ends: overdue holds, abandoned movements, takes and marks left behind."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import timedelta
from itertools import count

import structlog

from shop.common.errors import ShopError
from shop.product.model import Op
from shop.product.service.adjustments import AdjustmentJournal
from shop.product.service.movements import LEASE, Movements
from shop.product.service.stores import ReservationJournal, Shelf
from shop.product.service.takes import Takes, by_movement

BATCH = 500
"""How many of each kind one sweep ends at most."""

AT_ONCE = 16
"""How many of them are worked on at the same time."""

REST_S = 10.0
"""How long marks that were let go of wait for a movement that erases them on its way."""

MARKS_EVERY = 10
"""Every how many sweeps marks are looked for that a process has left behind."""

log = structlog.get_logger()


class Sweeper:
    """Sweeps the journals and the shelf; any number of instances may do so side by side."""

    def __init__(
        self,
        shelf: Shelf,
        reservations: ReservationJournal,
        adjustments: AdjustmentJournal,
        *,
        lease: timedelta = LEASE,
    ) -> None:
        self._shelf = shelf
        self._reservations = reservations
        self._adjustments = adjustments
        self._reserving = Movements(shelf, reservations, lease)
        self._adjusting = Movements(shelf, adjustments, lease)
        self._takes = Takes(shelf, reservations, lease)
        self._lease = lease

    async def run(
        self,
        interval_s: float = 1.0,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Sweep about every ``interval_s`` until cancelled; the jitter keeps instances apart."""
        for number in count():
            try:
                await self.sweep_once(REST_S, left_behind=number % MARKS_EVERY == 0)
            except Exception as error:  # a sweep that failed is no reason to stop sweeping
                log.warning("sweep failed", error=type(error).__name__, exc_info=_surprise(error))
            await sleep(interval_s * (0.5 + chance()))

    async def sweep_once(self, rest_s: float = 0.0, *, left_behind: bool = True) -> int:
        """End what is due; return how many holds and movements that were, takes included.

        Erase marks that were let go of ``rest_s`` ago, and look for those that were left behind.

        Raises Unavailable while the database is away.
        """
        overdue = await self._reservations.overdue(BATCH)
        expired = await _each([self._expire(order_id) for order_id in overdue])
        finished = await _each(
            [
                *[self._reserving.finish(e) for e in await self._reservations.abandoned(BATCH)],
                *[self._adjusting.finish(e) for e in await self._adjustments.abandoned(BATCH)],
            ]
        )
        await self._shelf.flush(rest_s)
        settled = await self._settle_marks() if left_behind else 0
        return expired + finished + settled

    async def _expire(self, order_id: str) -> bool:
        begun = await self._reservations.advance(order_id, Op.EXPIRE, self._lease)
        return begun is not None and await self._reserving.carry_out(begun) is not None

    async def _settle_marks(self) -> int:
        """Give back what takes have left behind, and erase other marks; return how many takes."""
        marks = await self._shelf.left_behind(BATCH)
        settled = await _each([self._takes.settle(of_one) for of_one in by_movement(marks)])
        others = [mark for mark in marks if not mark.taken]
        under_way = await self._reservations.under_way(others)
        under_way |= await self._adjustments.under_way(others)
        await self._shelf.erase([mark for mark in others if mark.movement_id not in under_way])
        return settled


async def _each(tasks: Sequence[Coroutine[None, None, bool]]) -> int:
    """Do all of them, some at a time; return how many succeeded."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(task: Coroutine[None, None, bool]) -> bool:
        async with gate:
            try:
                return await task
            except ShopError as error:
                log.warning("sweep passed over one", code=error.code, detail=error.detail)
                return False

    return sum(await asyncio.gather(*[one(task) for task in tasks]))


def _surprise(error: Exception) -> bool:
    """Tell whether the log needs a traceback: an outcome that has a code explains itself."""
    return not isinstance(error, ShopError)

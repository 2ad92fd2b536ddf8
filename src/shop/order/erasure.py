"""Erases what names a person from the orders of customers that were deleted.

customer calls nobody, so it is asked: who was deleted since the last time? Each of them is noted
here first, and then looked after until none of their orders holds an address or a note; one that
is not final yet waits until it is, since goods that were paid for need an address. The orders
themselves stay, as business records. Whatever dies on the way, the next look goes on.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from shop.common.clock import Clock
from shop.common.clock import now as system_clock
from shop.common.errors import ShopError
from shop.order import life
from shop.order.model import Deleted, Order
from shop.order.signature import ITSELF, signed

OVERLAP = timedelta(minutes=5)
"""So much of what was read is read again: the clocks of customer's instances may differ."""

BATCH = 100
TIMEOUT_S = 5.0

log = structlog.get_logger()


class Customer(Protocol):
    """Who knows which customers were deleted."""

    async def deleted(
        self, since: datetime | None, cursor: str | None, timeout_s: float
    ) -> tuple[Sequence[Deleted], str | None]:
        """Return one page, the latest first, and the cursor to the next; raise Unavailable."""


class Notes(Protocol):
    """Where is noted whose orders are still to be looked at."""

    async def read_until(self) -> datetime | None:
        """Return up to when all deletions have been noted, None if none has."""

    async def add(self, deleted: Sequence[Deleted]) -> None:
        """Note these customers."""

    async def set_read_until(self, at: datetime) -> None:
        """Keep that everything up to then has been noted."""

    async def oldest(self, now: datetime, limit: int) -> list[str]:
        """Return the customers that were looked at longest ago, and count that as a look."""

    async def done(self, customer_id: str) -> None:
        """Forget a customer."""


class Orders(Protocol):
    """Where orders are kept."""

    async def identifying(self, customer_id: str, limit: int) -> list[Order]:
        """Return some of a customer's final orders that are not erased."""

    async def has_identifying(self, customer_id: str) -> bool:
        """Say whether the customer has any order that is not erased, final or not."""

    async def advance(self, before: Order, after: Order) -> Order | None:
        """Store ``after`` and return it, or None if the fence is no longer that of ``before``."""


class Erasure:
    """One instance's; several may run side by side, since what each does may be repeated."""

    def __init__(
        self, customer: Customer, notes: Notes, orders: Orders, clock: Clock = system_clock
    ) -> None:
        self._customer = customer
        self._notes = notes
        self._orders = orders
        self._now = clock

    async def run(
        self,
        interval_s: float,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Look about every ``interval_s`` until cancelled; the jitter keeps instances apart."""
        while True:
            for look in (self.learn, self.erase):  # the one goes on where the other cannot
                try:
                    await look()
                except ShopError as error:
                    log.warning("erasure left for later", code=error.code, detail=error.detail)
                except Exception:
                    log.exception("erasure left for later")
            await sleep(interval_s * (0.5 + chance()))

    async def learn(self) -> None:
        """Note who was deleted since the last time; raise Unavailable."""
        until = await self._notes.read_until()
        since, cursor = until and until - OVERLAP, None
        newest = until
        while True:
            page, cursor = await self._customer.deleted(since, cursor, TIMEOUT_S)
            await self._notes.add(page)
            newest = max((each.at for each in page), default=None) if newest is until else newest
            if cursor is None:
                break
        if newest and (until is None or newest > until):
            await self._notes.set_read_until(newest)

    async def erase(self) -> None:
        """Erase what can be erased by now; raise Unavailable."""
        for customer_id in await self._notes.oldest(self._now(), BATCH):
            while orders := await self._orders.identifying(customer_id, BATCH):
                done = await asyncio.gather(*map(self._erase, orders))
                if not all(done):
                    break  # somebody else has just written: the next look finds how it stands
            if not await self._orders.has_identifying(customer_id):
                await self._notes.done(customer_id)

    async def _erase(self, order: Order) -> Order | None:
        erased = signed(life.erase(order, self._now()), ITSELF)
        return await self._orders.advance(order, erased)

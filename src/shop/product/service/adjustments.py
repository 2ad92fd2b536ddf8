"""Goods that come in, get lost, or are counted again."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import Protocol

from shop.common.errors import ShopError, Unavailable
from shop.common.ids import new_id
from shop.common.page import Page
from shop.product.errors import AdjustmentNotFound, InsufficientStock, ProductNotFound
from shop.product.model import Adjustment, Shortage
from shop.product.service.movements import LEASE, PAUSES_S, Movements
from shop.product.service.stores import Journal, Shelf


class AdjustmentJournal(Journal[Adjustment], Protocol):
    """The adjustments, by id."""

    async def begin(
        self, adjustment_id: str, product_id: str, delta: int, reason: str, lease: timedelta
    ) -> tuple[Adjustment, bool]:
        """Write an adjustment whose movement has begun, unless there is one with this id.

        Returns what stands there, and whether it is the one that was just written.
        """

    async def find(self, product_id: str, cursor: str | None, limit: int) -> Page[Adjustment]:
        """Return those of a product that have been made, newest first; raise InvalidCursor."""


class Adjustments:
    """Changes what stands on the shelf."""

    def __init__(
        self,
        shelf: Shelf,
        journal: AdjustmentJournal,
        *,
        lease: timedelta = LEASE,
        pauses_s: Iterable[float] = PAUSES_S,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._shelf = shelf
        self._journal = journal
        self._movements = Movements(shelf, journal, lease)
        self._lease = lease
        self._pauses_s = tuple(pauses_s)
        self._sleep = sleep

    async def adjust(
        self, product_id: str, delta: int, reason: str, adjustment_id: str | None = None
    ) -> Adjustment:
        """Add ``delta`` pieces, or take them away, exactly once for each ``adjustment_id``.

        Raises ProductNotFound, and InsufficientStock if more would go than is available. After
        Unavailable it has happened or not; a repeated call with the same id settles which.
        """
        adjustment_id = adjustment_id or new_id("adj")
        for pause_s in self._pauses_s:
            begun = await self._begin(adjustment_id, product_id, delta, reason)
            if isinstance(begun, Adjustment):
                # None: others were faster, and the next look tells how much is there now.
                if done := await self._movements.carry_out(begun):
                    return done
            elif standing := await self._journal.get(adjustment_id):
                if standing.stock is not None:
                    return standing
                await self._movements.finish(standing)
                await self._sleep(pause_s)
            elif begun is not None:
                raise begun
        raise Unavailable(f"The stock of {product_id} changes too fast; try again.")

    async def _begin(
        self, adjustment_id: str, product_id: str, delta: int, reason: str
    ) -> Adjustment | ShopError | None:
        """Return what has begun, or why it is refused; None if the id is known already."""
        item = (await self._shelf.look([product_id])).get(product_id)
        if item is None:
            return ProductNotFound(product_id)
        if item.stock.available + min(delta, 0) < 0:
            return InsufficientStock([Shortage(product_id, -delta, item.stock.available)])
        found, ours = await self._journal.begin(
            adjustment_id, product_id, delta, reason, self._lease
        )
        return found if ours else None

    async def get(self, product_id: str, adjustment_id: str) -> Adjustment:
        """Return an adjustment that has been made; raise AdjustmentNotFound, ProductNotFound."""
        if not await self._shelf.look([product_id]):
            raise ProductNotFound(product_id)
        found = await self._journal.get(adjustment_id)
        if found is None or found.product_id != product_id or found.stock is None:
            raise AdjustmentNotFound(adjustment_id)
        return found

    async def find(
        self, product_id: str, *, limit: int, cursor: str | None = None
    ) -> Page[Adjustment]:
        """Return a page of a product's adjustments, newest first.

        Raises ProductNotFound, InvalidCursor.
        """
        if not await self._shelf.look([product_id]):
            raise ProductNotFound(product_id)
        return await self._journal.find(product_id, cursor, limit)

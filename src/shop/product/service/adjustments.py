"""Goods that come in, get lost, or are counted again."""

from datetime import timedelta
from typing import Protocol

from shop.common.errors import Unavailable
from shop.common.page import Page
from shop.product.errors import AdjustmentNotFound, InsufficientStock, ProductNotFound
from shop.product.model import Adjustment, ShelfItem, Shortage
from shop.product.service.movements import LEASE, Journal, Movements, Shelf

_TRIES = 10


class AdjustmentJournal(Journal[Adjustment], Protocol):
    """The adjustments, by id."""

    async def begin(self, product_id: str, delta: int, reason: str, lease: timedelta) -> Adjustment:
        """Write an adjustment whose movement has begun."""

    async def find(self, product_id: str, cursor: str | None, limit: int) -> Page[Adjustment]:
        """Return those of a product that have been made, newest first; raise InvalidCursor."""


class Adjustments:
    """Changes what stands on the shelf."""

    def __init__(
        self, shelf: Shelf, journal: AdjustmentJournal, *, lease: timedelta = LEASE
    ) -> None:
        self._shelf = shelf
        self._journal = journal
        self._movements = Movements(shelf, journal, lease)
        self._lease = lease

    async def adjust(self, product_id: str, delta: int, reason: str) -> Adjustment:
        """Add ``delta`` pieces, or take them away, exactly once.

        Raises ProductNotFound, and InsufficientStock if more would go than is available. After
        Unavailable it has either happened or not; the journal settles which.
        """
        for _ in range(_TRIES):
            await self._require_room(product_id, delta)
            begun = await self._journal.begin(product_id, delta, reason, self._lease)
            if done := await self._movements.carry_out(begun):
                return done
        raise Unavailable(f"The stock of {product_id} changes too fast; try again.")

    async def get(self, product_id: str, adjustment_id: str) -> Adjustment:
        """Return an adjustment that has been made; raise AdjustmentNotFound, ProductNotFound."""
        await self._item(product_id)
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
        await self._item(product_id)
        return await self._journal.find(product_id, cursor, limit)

    async def _require_room(self, product_id: str, delta: int) -> None:
        item = await self._item(product_id)
        if item.stock.available + min(delta, 0) < 0:
            raise InsufficientStock([Shortage(product_id, -delta, item.stock.available)])

    async def _item(self, product_id: str) -> ShelfItem:
        items = await self._shelf.look([product_id])
        if product_id not in items:
            raise ProductNotFound(product_id)
        return items[product_id]

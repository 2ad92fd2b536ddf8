"""The adjustments of stock in MongoDB."""

from dataclasses import replace
from datetime import timedelta

from shop.common.keyset import NewestFirst, find_page
from shop.common.mongo import Collection, mongo_errors
from shop.common.page import Page
from shop.product.model import Adjustment, Op
from shop.product.repository.documents import adjustment_of, stock_of
from shop.product.repository.journal import MongoJournal, as_it_was, begun


class MongoAdjustments(MongoJournal[Adjustment]):
    """The adjustments, by id. The marks in ``products`` tell what stock each one left."""

    def __init__(self, collection: Collection, products: Collection) -> None:
        super().__init__(collection, adjustment_of)
        self._products = products

    async def begin(
        self, adjustment_id: str, product_id: str, delta: int, reason: str, lease: timedelta
    ) -> tuple[Adjustment, bool]:
        """Write an adjustment whose movement has begun, unless there is one with this id.

        Returns what stands there, and whether it is the one that was just written.
        """
        document = {"_id": adjustment_id, "productId": product_id, "delta": delta, "reason": reason}
        movement = begun(Op.ADJUST, lease)
        found = await self._put(document, {"createdAt": "$$NOW", "movement": movement})
        return found, found.movement is not None and found.movement.id == movement["id"]

    async def close(self, entry: Adjustment) -> Adjustment | None:
        """End the movement, which has been applied; None if it, or the product, is not there."""
        applied = {"$elemMatch": {"id": entry.movement.id if entry.movement else None}}
        with mongo_errors():
            found = await self._products.find_one(
                {"_id": entry.product_id, "marks": applied}, {"marks": applied}
            )
        if found is None:
            return None
        stock = found["marks"][0]["stock"]
        change = {"$set": {"stock": stock}, "$unset": {"movement": ""}}
        with mongo_errors():
            result = await self._entries.update_one(as_it_was(entry), change)
        closed = replace(entry, stock=stock_of(stock), movement=None)
        return closed if result.matched_count else None

    async def find(self, product_id: str, cursor: str | None, limit: int) -> Page[Adjustment]:
        """Return those of a product that have been made, newest first; raise InvalidCursor."""
        made = {"productId": product_id, "stock": {"$exists": True}}
        order = NewestFirst("stockAdjustments", made)
        return await find_page(
            self._entries, order, limit=limit, cursor=cursor, model=adjustment_of
        )

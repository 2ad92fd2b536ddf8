"""The adjustments of stock in MongoDB."""

from dataclasses import replace
from datetime import timedelta

from pymongo import DESCENDING

from shop.common.ids import new_id
from shop.common.mongo import Collection, Document, mongo_errors
from shop.common.page import Cursors, Page, cut
from shop.product.model import Adjustment, Op
from shop.product.repository.documents import adjustment_of, stock_of
from shop.product.repository.journal import MongoJournal, begun


class MongoAdjustments(MongoJournal[Adjustment]):
    """The adjustments, by id. The marks in ``products`` tell what stock each one left."""

    def __init__(self, collection: Collection, products: Collection) -> None:
        super().__init__(collection, adjustment_of)
        self._products = products

    async def begin(self, product_id: str, delta: int, reason: str, lease: timedelta) -> Adjustment:
        """Write an adjustment whose movement has begun."""
        document: Document = {
            "_id": new_id("adj"),
            "productId": product_id,
            "delta": delta,
            "reason": reason,
        }
        times = {"createdAt": "$$NOW", "movement": begun(Op.ADJUST, lease)}
        return await self._put(document, times)

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
        return await self._close(
            entry, change, replace(entry, stock=stock_of(stock), movement=None)
        )

    async def find(self, product_id: str, cursor: str | None, limit: int) -> Page[Adjustment]:
        """Return those of a product that have been made, newest first; raise InvalidCursor."""
        cursors = Cursors.of("stockAdjustments", product_id=product_id)
        chosen: Document = {"productId": product_id, "stock": {"$exists": True}}
        if cursor is not None:
            (last,) = cursors.decode(cursor, str)
            chosen["_id"] = {"$lt": last}
        with mongo_errors():
            documents = (
                await self._entries.find(chosen).sort("_id", DESCENDING).limit(limit + 1).to_list()
            )
        return cut([adjustment_of(d) for d in documents], limit, lambda a: cursors.encode(a.id))

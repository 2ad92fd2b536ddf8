"""Orders as they are read: one, or a page of them, or the timeline of one.

One that was accepted only, and is asked for by its id, is stored first: who asks was told of it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pymongo import DESCENDING

from shop.common.cache import Loader
from shop.common.mongo import Collection, Document, mongo_errors
from shop.common.page import Cursors, Page, cut
from shop.common.representation import Representation
from shop.order import documents
from shop.order.errors import UnknownOrder
from shop.order.intake import MongoIntake
from shop.order.model import Event, Order, Status

NO_EVENTS = {"events": False}


class OrderReads:
    """What is asked of the store. ``encode`` makes what ``view`` returns."""

    def __init__(
        self, orders: Collection, intake: MongoIntake, encode: Callable[[Order], Representation]
    ) -> None:
        self._orders = orders
        self._intake = intake
        self._encode = encode
        self._load = Loader(self._find_all, UnknownOrder)

    async def get(self, order_id: str) -> Order:
        """Return an order; raise UnknownOrder."""
        return documents.order_of(await self._stored(order_id, NO_EVENTS))

    async def view(self, order_id: str) -> Representation:
        """Return an order, encoded; raise UnknownOrder."""
        return self._encode(await self._load(order_id))

    async def _find_all(self, ids: Sequence[str]) -> Mapping[str, Order]:
        found = await self._found(ids)
        if missing := [order_id for order_id in ids if order_id not in found]:
            await self._intake.rescue(missing)
            found |= await self._found(missing)
        return found

    async def _found(self, ids: Sequence[str]) -> dict[str, Order]:
        with mongo_errors():
            found = await self._orders.find(_visible(_id={"$in": ids}), NO_EVENTS).to_list()
        return {stored["_id"]: documents.order_of(stored) for stored in found}

    async def _stored(self, order_id: str, fields: Mapping[str, bool] | Sequence[str]) -> Document:
        """Return the document of an order, stored now if it was only accepted yet.

        Looks once more in any case: it may have been stored, and forgotten there, in between.
        """
        for last in (False, True):
            with mongo_errors():
                found = await self._orders.find_one(_visible(_id=order_id), fields)
            if found is not None:
                return found
            if not last:
                await self._intake.rescue([order_id])
        raise UnknownOrder(order_id)

    async def find(
        self, customer_id: str | None, status: Status | None, cursor: str | None, limit: int
    ) -> Page[Order]:
        """Return some orders, newest first."""
        filters = {"customerId": customer_id, "status": status.value if status else None}
        cursors = Cursors.of("orders", **filters)
        wanted: Document = {name: value for name, value in filters.items() if value is not None}
        if customer_id is not None and status is None:
            wanted["status"] = {"$in": list(Status)}
        if cursor is not None:
            wanted["_id"] = {"$lt": cursors.decode(cursor, str)[0]}
        with mongo_errors():
            query = self._orders.find(_visible(**wanted), NO_EVENTS)
            found = await query.sort("_id", DESCENDING).limit(limit + 1).to_list()
        orders = [documents.order_of(stored) for stored in found]
        return cut(orders, limit, lambda order: cursors.encode(order.id))

    async def events(self, order_id: str, cursor: str | None, limit: int) -> Page[Event]:
        """Return some of an order's timeline, newest first; raise UnknownOrder."""
        cursors = Cursors.of("events", order=order_id)
        before = cursors.decode(cursor, int)[0] if cursor is not None else None
        kept = documents.events_of(await self._stored(order_id, ("events", "eventCount")))
        older = [event for event in reversed(kept) if before is None or event.seq < before]
        return cut(older[: limit + 1], limit, lambda event: cursors.encode(event.seq))


def _visible(**wanted: Any) -> Document:
    return {**wanted, "deleted": {"$exists": False}}

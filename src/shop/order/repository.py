"""Orders in MongoDB: one document each, which holds the work that remains and the timeline too.

A new one is in the intake first (``shop.order.intake``), and here once it is decided, or pending.
From there its first entries are brought into the audit trail, too (``shop.order.settled``).

Every write names the state that it was decided on. ``fence`` is counted up by all writes but those
of the details, and is never used twice in the life of a document; so a relay that was stopped past
its lease, or a transition that was decided on an old status, matches nothing. The details are
guarded by ``version``, and leave ``fence`` alone: an edit never costs a relay its work.

Writes that come at the same time go together (``shop.order.writes``), on the condition that the
order is wholly as it was. One that finds it otherwise goes once more, alone, on its own condition.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument

from shop.common.cache import Loader
from shop.common.mongo import Collection, Document, ensure_indexes, mongo_errors
from shop.common.page import Cursors, Page, cut
from shop.common.representation import Representation
from shop.order import documents
from shop.order.accepted import Accepted
from shop.order.errors import UnknownOrder
from shop.order.intake import MongoIntake
from shop.order.life import FINAL, shown
from shop.order.model import Details, Event, Order, Status, replace
from shop.order.settled import Settled
from shop.order.signature import signed
from shop.order.writes import EVENTS_KEPT as EVENTS_KEPT
from shop.order.writes import Change, OrderWrites, update_of

_NO_EVENTS = {"events": False}

# Each costs every order some 10 us of the server. A customer's orders of all statuses are merged
# from one run of the index for each status.
INDEXES = (
    IndexModel([("status", ASCENDING), ("_id", DESCENDING)]),
    IndexModel([("customerId", ASCENDING), ("status", ASCENDING), ("_id", DESCENDING)]),
    IndexModel(
        [("work.dueAt", ASCENDING)], partialFilterExpression={"work.dueAt": {"$exists": True}}
    ),
    IndexModel([("auditDue", ASCENDING)], partialFilterExpression={"auditDue": {"$exists": True}}),
    IndexModel(
        [("work.steps", ASCENDING), ("work.since", ASCENDING)],
        partialFilterExpression={"work.since": {"$exists": True}},
    ),
)


class MongoOrders:
    """The store. ``encode`` makes what ``view`` returns."""

    def __init__(
        self,
        orders: Collection,
        intake: MongoIntake,
        settled: Settled,
        encode: Callable[[Order], Representation],
    ) -> None:
        self._orders = orders
        self._intake = intake
        self._settled = settled
        self._encode = encode
        self._load = Loader(self._find_all, UnknownOrder)
        self._writes = OrderWrites(orders)
        self.accept = intake.accept
        self.recover = intake.recover

    async def prepare(self) -> None:
        """Create the indexes that are missing."""
        await ensure_indexes(self._orders, INDEXES)

    async def add(self, order: Order) -> Order | None:
        """Insert a new order and return it, or None if there is one with its id."""
        new = await self._writes.insert(documents.document(signed(order)))
        return replace(order, news=()) if new else None

    async def settle(self, accepted: Accepted, after: Order) -> Order | None:
        """Store an order that was accepted as it has become; None if there is one with its id.

        Who stored that one has its entries copied, or died: then they are once the batch is due.
        """
        became = signed(_became(accepted.order, after))
        document = documents.document(became, due=False)
        if not await self._writes.insert(document):
            return None
        self._settled.add(accepted, document)
        return replace(became, news=())

    async def get(self, order_id: str) -> Order:
        """Return an order; raise UnknownOrder."""
        return documents.order_of(await self._stored(order_id, _NO_EVENTS))

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
            found = await self._orders.find(_visible(_id={"$in": ids}), _NO_EVENTS).to_list()
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
            query = self._orders.find(_visible(**wanted), _NO_EVENTS)
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

    async def advance(self, before: Order, after: Order, *, exactly: bool = False) -> Order | None:
        """Write everything but the details, if the fence is still that of ``before``.

        Of an order that is erased the details go with it.
        """
        fields = documents.progress_fields(after)
        if after.erased:
            fields |= documents.detail_fields(Details())
        became = _became(before, after)
        stored = replace(became, fence=before.fence + 1, news=())
        counted = stored.version - before.version
        update = update_of(signed(after), fields, version=counted, fence=1)
        if await self._writes.change(Change(before, update)):
            return stored
        if exactly:
            return None
        return await self._write({"_id": before.id, "fence": before.fence}, update)

    async def amend(self, before: Order, after: Order) -> Order | None:
        """Write the details, if the version is still that of ``before``."""
        stored = replace(
            before,
            details=after.details,
            version=before.version + 1,
            updated_at=max(before.updated_at, after.updated_at),
        )
        update = update_of(
            signed(after), documents.detail_fields(after.details), version=1, fence=0
        )
        if await self._writes.change(Change(before, update)):
            return stored
        return await self._write({"_id": before.id, "version": before.version}, update)

    async def remove(self, order: Order) -> bool:
        """Delete the document, if its fence is still that of ``order``."""
        await self._intake.forget(order.id)
        with mongo_errors():
            result = await self._orders.delete_one({"_id": order.id, "fence": order.fence})
        return result.deleted_count == 1

    async def claim(self, now: datetime, lease: timedelta) -> Order | None:
        """Take the order whose work has been due longest, until ``now + lease``.

        The time is this process's, not the server's: what keeps two relays from both writing is
        the fence. Clocks that differ by more than a lease cost calls that are made twice, no more.
        """
        take = {"$set": {"work.dueAt": now + lease}, "$inc": {"fence": 1}}
        return await self._write({"work.dueAt": {"$lte": now}}, take, [("work.dueAt", ASCENDING)])

    async def next_due(self) -> datetime | None:
        """Return when the next work is due."""
        with mongo_errors():
            first = await self._orders.find_one(
                {"work.dueAt": {"$exists": True}}, ["work.dueAt"], sort=[("work.dueAt", ASCENDING)]
            )
        return first["work"]["dueAt"] if first else None

    async def identifying(self, customer_id: str, limit: int) -> list[Order]:
        """Return some of a customer's final orders that are not erased."""
        final = {"$in": sorted(FINAL)}
        with mongo_errors():
            found = self._orders.find(_not_erased(customer_id) | {"status": final}, _NO_EVENTS)
            documents_ = await found.limit(limit).to_list()
        return [documents.order_of(stored) for stored in documents_]

    async def has_identifying(self, customer_id: str) -> bool:
        """Say whether the customer has any order that is not erased, final or not."""
        with mongo_errors():
            found = await self._orders.find_one(_not_erased(customer_id), {"_id": True})
        return found is not None

    async def _write(
        self, guard: Mapping[str, Any], update: Document, sort: list[tuple[str, int]] | None = None
    ) -> Order | None:
        with mongo_errors():
            stored = await self._orders.find_one_and_update(
                guard,
                update,
                projection=_NO_EVENTS,
                sort=sort,
                return_document=ReturnDocument.AFTER,
            )
        return documents.order_of(stored) if stored else None


def _became(before: Order, after: Order) -> Order:
    """Return the order as it is to be stored: versions count what shows, edits are not ours."""
    changed = shown(before) != shown(after)
    return replace(
        after,
        details=Details() if after.erased else before.details,
        version=after.version + changed,
        updated_at=max(before.updated_at, after.updated_at) if changed else before.updated_at,
    )


def _visible(**wanted: Any) -> Document:
    return {**wanted, "deleted": {"$exists": False}}


def _not_erased(customer_id: str) -> Document:
    return {"customerId": customer_id, "erased": {"$exists": False}}

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

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument

from shop.common.mongo import Collection, Document, ensure_indexes, mongo_errors
from shop.common.representation import Representation
from shop.order import documents
from shop.order.accepted import Accepted
from shop.order.intake import MongoIntake
from shop.order.life import FINAL, shown
from shop.order.model import Details, Order, replace
from shop.order.reads import NO_EVENTS, OrderReads
from shop.order.settled import Settled
from shop.order.signature import signed
from shop.order.writes import EVENTS_KEPT as EVENTS_KEPT
from shop.order.writes import Change, OrderWrites, update_of

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


class MongoOrders(OrderReads):
    """The store. ``encode`` makes what ``view`` returns."""

    def __init__(
        self,
        orders: Collection,
        intake: MongoIntake,
        settled: Settled,
        encode: Callable[[Order], Representation],
    ) -> None:
        super().__init__(orders, intake, encode)
        self._settled = settled
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
            found = self._orders.find(_not_erased(customer_id) | {"status": final}, NO_EVENTS)
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
                projection=NO_EVENTS,
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


def _not_erased(customer_id: str) -> Document:
    return {"customerId": customer_id, "erased": {"$exists": False}}

"""Who did what to which order, and when: a trail that is only ever added to.

What happens to an order is written, signed, into its document, by the very write that makes it
happen; so nothing happens without an entry, and no entry is made for what did not. From there it is
copied into a collection of its own, in the background and many at a time, where it outlives the
order. An entry's id is the order's and its number, so that what is copied twice is there once. In
that collection this service inserts and reads; where MongoDB has users, it may do nothing else.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import structlog
from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne
from pymongo.write_concern import WriteConcern

from shop.common.bulk import insert_together
from shop.common.clock import Clock
from shop.common.clock import now as system_clock
from shop.common.errors import ShopError
from shop.common.mongo import Collection, Document, ensure_indexes, mongo_errors
from shop.common.page import Cursors, Page, cut
from shop.order import documents
from shop.order.errors import UnknownOrder
from shop.order.model import Entry, Status

KEPT = timedelta(days=3653)
"""Ten years, as for business records; MongoDB deletes what is older, no service does."""

LINGER = timedelta(seconds=2)
"""So long entries wait, to be copied with those that follow: most of an order's come together."""

BATCH = 200
_SHOWN = {"events": True, "eventCount": True, "audited": True}

INDEXES = (
    IndexModel([("at", ASCENDING)], name="kept", expireAfterSeconds=int(KEPT.total_seconds())),
)

log = structlog.get_logger()


class AuditTrail:
    """The trail of all orders, beside the orders themselves."""

    def __init__(self, orders: Collection, trail: Collection, clock: Clock = system_clock) -> None:
        # That something was copied may be forgotten with a primary: it is copied again then.
        self._orders = orders.with_options(write_concern=WriteConcern(w=1))
        self._trail = trail
        self._now = clock

    async def prepare(self) -> None:
        """Create the index by which entries go after ten years."""
        await ensure_indexes(self._trail, INDEXES)

    async def run(
        self,
        interval_s: float = 1.0,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Copy what is due, about every ``interval_s``, until cancelled."""
        while True:
            try:
                while await self.copy_due() == BATCH:
                    pass
            except ShopError as error:
                log.warning("audit trail waits", code=error.code, detail=error.detail)
            except Exception:
                log.exception("audit trail waits")
            await sleep(interval_s * (0.5 + chance()))

    async def copy_due(self) -> int:
        """Copy the entries of some orders; return of how many. Raises Unavailable."""
        due = {"auditDue": {"$lte": self._now() - LINGER}}
        with mongo_errors():
            found = self._orders.find(due, _SHOWN).sort("auditDue", ASCENDING).limit(BATCH)
            stored = await found.to_list()
        await self._copy(stored)
        return len(stored)

    async def copy(self, order_id: str) -> None:
        """Copy the entries of one order now, as before it is deleted; raise Unavailable."""
        with mongo_errors():
            stored = await self._orders.find_one({"_id": order_id}, _SHOWN)
        await self._copy([stored] if stored else [])

    async def find(self, order_id: str, *, cursor: str | None, limit: int) -> Page[Entry]:
        """Return some of an order's trail, the latest first; raise UnknownOrder, InvalidCursor."""
        cursors = Cursors.of("audit", order=order_id)
        last = _id(order_id, cursors.decode(cursor, int)[0]) if cursor else f"{order_id}0"
        await self.copy(order_id)
        with mongo_errors():
            query = self._trail.find({"_id": {"$gt": f"{order_id}/", "$lt": last}})
            found = await query.sort("_id", DESCENDING).limit(limit + 1).to_list()
        if not found and cursor is None:
            raise UnknownOrder(order_id)
        return cut([_entry(each) for each in found], limit, lambda entry: cursors.encode(entry.seq))

    async def _copy(self, stored: Sequence[Document]) -> None:
        entries = [entry for each in stored for entry in _entries(each)]
        if entries:
            for outcome in await insert_together(self._trail, entries):
                if isinstance(outcome, Exception):
                    raise outcome
        if stored:
            with mongo_errors():
                await self._orders.bulk_write([_copied(each) for each in stored], ordered=False)


def _copied(stored: Document) -> UpdateOne:
    """Return the update that remembers it; what has come since is due as before."""
    count = stored["eventCount"]
    known = {"_id": stored["_id"], "eventCount": count}
    return UpdateOne(known, {"$set": {"audited": count}, "$unset": {"auditDue": ""}})


def _entries(stored: Document) -> list[Document]:
    entries, before = [], None
    for event in documents.events_of(stored):
        if event.seq > stored.get("audited", 0):
            entry: dict[str, Any] = {
                "_id": _id(stored["_id"], event.seq),
                "orderId": stored["_id"],
                "seq": event.seq,
                "at": event.at,
                "type": str(event.type),
                "by": event.by,
                "from": before,
                "to": event.status and event.status.value,
                "traceId": event.trace_id,
            }
            entries.append({name: value for name, value in entry.items() if value is not None})
        before = event.status.value if event.status else before
    return entries


def _id(order_id: str, seq: int) -> str:
    return f"{order_id}/{seq:09}"


def _entry(stored: Document) -> Entry:
    to, before = stored.get("to"), stored.get("from")
    return Entry(
        order_id=stored["orderId"],
        seq=stored["seq"],
        at=stored["at"],
        type=stored["type"],
        by=stored.get("by"),
        before=Status(before) if before else None,
        after=Status(to) if to else None,
        trace_id=stored.get("traceId"),
    )

"""Who did what to which order, and when: a trail that is only ever added to.

What happens to an order is written, signed, into its document, by the very write that makes it
happen; so nothing happens without an entry, and no entry is made for what did not. From there it is
copied into a collection of its own, in the background and many at a time, where it outlives the
order. The entries of an order that are copied at one time are one record there; its id is the
order's and the number of the first, so that what is copied twice is there once. In that collection
this service inserts and reads; where MongoDB has users, it may do nothing else.

Those of a new order are brought there by who stores it, while it still has them in hand: the batch
that it arrived in lasts until then (``shop.order.settled``). So the order itself is not told of it.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import structlog
from bson.codec_options import CodecOptions
from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateMany
from pymongo.write_concern import WriteConcern

from shop.common.bulk import insert_together
from shop.common.clock import Clock
from shop.common.clock import now as system_clock
from shop.common.errors import ShopError
from shop.common.mongo import Collection, Document, ensure_indexes, mongo_errors
from shop.common.page import Cursors, Page, cut
from shop.order.audit_records import id_of, latest_first, record, uncopied
from shop.order.errors import UnknownOrder
from shop.order.model import Entry

KEPT = timedelta(days=3653)
"""Ten years, as for business records; MongoDB deletes what is older, no service does."""

LINGER = timedelta(seconds=2)
"""So long entries wait, to be copied with those that follow: most of an order's come together."""

BATCH = 200
# Times without a zone, as they are in BSON: to give them one costs as much as to read all else.
_AS_STORED: CodecOptions[Document] = CodecOptions()
_SHOWN = {"events": True, "eventCount": True, "audited": True}

INDEXES = (
    IndexModel([("at", ASCENDING)], name="kept", expireAfterSeconds=int(KEPT.total_seconds())),
)

log = structlog.get_logger()


class AuditTrail:
    """The trail of all orders, beside the orders themselves."""

    def __init__(self, orders: Collection, trail: Collection, clock: Clock = system_clock) -> None:
        # That something was copied may be forgotten with a primary: it is copied again then.
        self._orders = orders.with_options(_AS_STORED, write_concern=WriteConcern(w=1))
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
        before = cursors.decode(cursor, int)[0] if cursor else None
        await self.copy(order_id)
        last = f"{order_id}0" if before is None else id_of(order_id, before)
        with mongo_errors():
            query = self._trail.find({"_id": {"$gt": f"{order_id}/", "$lt": last}})
            found = await query.sort("_id", DESCENDING).limit(limit + 1).to_list()
        if not found and cursor is None:
            raise UnknownOrder(order_id)
        entries = latest_first(found, before)
        return cut(entries[: limit + 1], limit, lambda entry: cursors.encode(entry.seq))

    async def keep(self, records: Sequence[Document]) -> None:
        """Insert what is not there yet of these records; raise Unavailable."""
        while records:
            outcomes = await insert_together(self._trail, records)
            for outcome in outcomes:
                if isinstance(outcome, Exception):
                    raise outcome
            both = zip(records, outcomes, strict=True)
            records = await self._rests([known for known, new in both if not new])

    async def _copy(self, stored: Sequence[Document]) -> None:
        records = [record(each["_id"], new) for each in stored if (new := uncopied(each))]
        first = [each for each in records if each["entries"][0]["seq"] == 1]
        later = [each for each in records if each["entries"][0]["seq"] != 1]
        await self.keep(later + await self._rests(first))  # most first ones are there: no error
        if stored:
            with mongo_errors():
                await self._orders.bulk_write(_copied(stored), ordered=False)

    async def _rests(self, known: Sequence[Document]) -> list[Document]:
        """Return what is still to be copied of records whose id is there, or may be.

        Whoever copied the same before, and is not known to have, may have found fewer entries.
        """
        if not known:
            return []
        with mongo_errors():
            ids = [each["_id"] for each in known]
            found = await self._trail.find({"_id": {"$in": ids}}, ["entries.seq"]).to_list()
        last = {each["_id"]: each["entries"][-1]["seq"] for each in found}
        return [
            record(each["orderId"], rest)
            for each in known
            if (rest := [e for e in each["entries"] if e["seq"] > last.get(each["_id"], 0)])
        ]


def _copied(stored: Sequence[Document]) -> list[UpdateMany]:
    """Return the updates that remember it; what has come since is due as before.

    Nearly all orders have had as many events as the one before: one update is for many of them.
    """
    ids = defaultdict(list)
    for each in stored:
        ids[each["eventCount"]].append(each["_id"])
    return [
        UpdateMany(
            {"_id": {"$in": alike}, "eventCount": count},
            {"$set": {"audited": count}, "$unset": {"auditDue": ""}},
        )
        for count, alike in ids.items()
    ]

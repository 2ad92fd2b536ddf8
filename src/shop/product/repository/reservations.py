"""The reservations in MongoDB."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from pymongo import UpdateOne

from shop.common.bulk import insert_together, write_together
from shop.common.gathered import Gathered
from shop.common.ids import new_id
from shop.common.keyset import NewestFirst, find_page
from shop.common.mongo import Collection, Document, mongo_errors
from shop.common.page import Page
from shop.product.model import TRANSITIONS, Hold, Op, Reservation, State
from shop.product.repository.documents import line_document, reservation_of
from shop.product.repository.journal import MongoJournal, as_it_was
from shop.product.repository.server_clock import after, server_now

Step = tuple[str, Op, str, timedelta]
"""A movement that is to begin: order id, what it does, the movement's id, and its lease."""

KEPT = timedelta(days=90)
"""How long one that came to nothing is remembered; after that its order id would be new again."""

_UNDECIDED: Document = {"$eq": [{"$ifNull": ["$state", State.VOID.value]}, State.VOID.value]}
"""The condition that no entry stands there, or a void one."""

_VOIDED: Document = {"$ifNull": ["$voided", []]}


class MongoReservations(MongoJournal[Reservation]):
    """The reservations, by order id. All its times are those of the database's clock."""

    def __init__(self, collection: Collection) -> None:
        super().__init__(collection, reservation_of)
        self._insert = Gathered(self._insert_together)
        self._advance = Gathered(self._advance_together)
        self._end = Gathered(self._end_together)

    async def hold(self, hold: Hold, taken_by: str) -> Reservation:
        """Write what a movement has taken, unless an entry stands there; return what stands then.

        A void one is written over, unless it is about this movement.
        """
        document = _document(hold.order_id, State.HELD) | {
            "lines": [line_document(line) for line in hold.lines],
            "createdAt": hold.since,
            "expiresAt": hold.since + hold.ttl,
            "takenBy": taken_by,
        }
        if await self._insert(document):
            return reservation_of(document)
        # What is in the way may be this very one, inserted by a command whose answer was lost.
        free = {"$and": [_UNDECIDED, {"$not": [{"$in": [taken_by, _VOIDED]}]}]}
        return await self._put(document, {}, free)

    async def void(self, order_id: str, movement_id: str) -> Reservation:
        """Keep a movement from being held, unless it is; return what stands there then."""
        voided = {"$setUnion": [_VOIDED, [movement_id]]}
        computed = {"createdAt": "$$NOW", "purgeAt": after(KEPT), "voided": voided}
        document = _document(order_id, State.VOID) | {"lines": []}
        return await self._put(document, computed, _UNDECIDED)

    async def _insert_together(self, documents: Sequence[Document]) -> Sequence[bool | Exception]:
        """Insert documents; tell which of them were not there yet."""
        return await insert_together(self._entries, documents)

    async def advance(self, order_id: str, op: Op, lease: timedelta) -> Reservation | None:
        """Begin the movement that leads from one state to the next (TRANSITIONS).

        None if the state is another one, a movement is under way, a hold that is to be committed
        is overdue, or one that is to expire is not.
        """
        return await self._advance((order_id, op, new_id("mov"), lease))

    async def _advance_together(self, steps: Sequence[Step]) -> Sequence[Reservation | None]:
        """Begin movements; each has an id, so what is there tells whether it has begun.

        One that has been taken over before it is seen here is not ours any more.
        """
        with mongo_errors():
            await write_together(self._entries, [_advanced(*step) for step in steps])
            ids = {"_id": {"$in": list({order_id for order_id, *_ in steps})}}
            found = await self._entries.find(ids).to_list()
        begun = {
            document["movement"]["id"]: document
            for document in found
            if "movement" in document and "takenOver" not in document["movement"]
        }
        return [reservation_of(begun[id_]) if id_ in begun else None for _, _, id_, _ in steps]

    async def close(self, entry: Reservation) -> Reservation | None:
        """End the movement, which has been applied; None if it is not ours any more."""
        return replace(entry, movement=None) if await self._end(entry) else None

    async def _end_together(self, entries: Sequence[Reservation]) -> Sequence[bool]:
        """Close entries; tell which of them were still ours to close."""
        with mongo_errors():
            sent = await write_together(self._entries, [_ended(e) for e in entries])
            if sent.result.matched_count == len(entries):
                return [True] * len(entries)
            ids = {"_id": {"$in": [entry.id for entry in entries]}}
            found = await self._entries.find(ids, {"closedUnder": True}).to_list()
        closed = {(document["_id"], document.get("closedUnder")) for document in found}
        return [(e.id, e.movement and e.movement.until) in closed for e in entries]

    async def find(self, state: State | None, cursor: str | None, limit: int) -> Page[Reservation]:
        """Return those that are shown, newest order first; raise InvalidCursor."""
        chosen: Document = {"state": state.value if state else {"$ne": State.VOID.value}}
        order = NewestFirst("reservations", chosen)
        return await find_page(
            self._entries, order, limit=limit, cursor=cursor, model=reservation_of
        )

    async def bury(self, order_id: str) -> Reservation:
        """Write a released one without lines, unless one stands; return what stands there then.

        A void one is written over.
        """
        times = {"createdAt": "$$NOW", "purgeAt": after(KEPT)}
        document = _document(order_id, State.RELEASED) | {"lines": []}
        return await self._put(document, times, _UNDECIDED)

    async def overdue(self, limit: int) -> Sequence[str]:
        """Return the order ids of held reservations whose time has passed."""
        passed = {"state": State.HELD.value, "expiresAt": {"$lte": await server_now(self._entries)}}
        with mongo_errors():
            found = await self._entries.find(passed, {"_id": True}).to_list(limit)
        return [document["_id"] for document in found]


def _document(order_id: str, state: State) -> Document:
    return {"_id": order_id, "state": state.value, "version": 1}


def _advanced(order_id: str, op: Op, movement_id: str, lease: timedelta) -> UpdateOne:
    """Return the update that begins a movement, whose condition is in its expression.

    What is named by its id alone is found without a plan of the query.
    """
    source, target = TRANSITIONS[op]
    conditions = [
        {"$eq": ["$state", source.value]},
        {"$eq": [{"$type": "$movement"}, "missing"]},
        *_in_time(op),
    ]
    changed = {
        "state": target.value,
        "version": {"$add": ["$version", 1]},
        "movement": {"id": movement_id, "op": op.value, "until": after(lease)},
    }
    if target is not State.COMMITTED:
        changed["purgeAt"] = after(KEPT)
    merged = {"$mergeObjects": ["$$ROOT", changed]}
    change = {"$cond": [{"$and": conditions}, merged, "$$ROOT"]}
    return UpdateOne({"_id": order_id}, [{"$replaceWith": change}])


def _ended(entry: Reservation) -> UpdateOne:
    """Remove the movement, and leave word which holder of the lease did."""
    change = {"closedUnder": entry.movement.until if entry.movement else None}
    return UpdateOne(as_it_was(entry), {"$set": change, "$unset": {"movement": ""}})


def _in_time(op: Op) -> list[Document]:
    if op is Op.COMMIT:
        return [{"$gt": ["$expiresAt", "$$NOW"]}]
    if op is Op.EXPIRE:
        return [{"$lte": ["$expiresAt", "$$NOW"]}]
    return []

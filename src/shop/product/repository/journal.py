"""A journal of movements in MongoDB: what reservations and adjustments have in common.

``movement`` is in a document as long as its movement is under way. ``movement.until`` changes with
every take-over, so it also tells one holder of the lease from the next.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Generic, TypeVar, cast

from pymongo import ReturnDocument

from shop.common.ids import new_id
from shop.common.mongo import Collection, Document, mongo_errors
from shop.product.model import Adjustment, Mark, Op, Reservation
from shop.product.repository.server_clock import after, server_now

E = TypeVar("E", Reservation, Adjustment)

ABSENT: Document = {"$eq": [{"$type": "$createdAt"}, "missing"]}
"""The condition that no entry stands there."""


class MongoJournal(Generic[E]):
    """Entries, each of which may have one movement under way."""

    def __init__(self, collection: Collection, read: Callable[[Document], E]) -> None:
        self._entries = collection
        self._read: Callable[[Document], E] = read

    async def get(self, entry_id: str) -> E | None:
        """Return the entry as it stands, None where there is none."""
        with mongo_errors():
            document = await self._entries.find_one({"_id": entry_id})
        return self._read(document) if document else None

    async def take_over(self, entry: E, lease: timedelta) -> E | None:
        """Make an abandoned movement ours; None if its lease runs on, or somebody was faster."""
        abandoned = {"$expr": {"$lt": ["$movement.until", "$$NOW"]}}
        return await self._change(
            as_it_was(entry) | abandoned,
            [{"$set": {"movement.until": after(lease), "movement.takenOver": True}}],
        )

    async def drop(self, entry: E) -> bool:
        """Remove an entry that came to nothing; False if it is not ours any more."""
        with mongo_errors():
            return (await self._entries.delete_one(as_it_was(entry))).deleted_count == 1

    async def abandoned(self, limit: int) -> Sequence[E]:
        """Return entries whose movement's lease has passed."""
        passed = {"movement.until": {"$lt": await server_now(self._entries)}}
        with mongo_errors():
            return [self._read(d) for d in await self._entries.find(passed).to_list(limit)]

    async def under_way(self, marks: Sequence[Mark]) -> set[str]:
        """Return the ids of those movements, of the ones that left these marks, still open here."""
        if not marks:
            return set()
        chosen = {
            "_id": {"$in": [mark.of for mark in marks]},
            "movement.id": {"$in": [mark.movement_id for mark in marks]},
        }
        with mongo_errors():
            found = await self._entries.find(chosen, {"movement.id": True}).to_list()
        return {document["movement"]["id"] for document in found}

    async def _put(self, document: Document, computed: Document, free: Document = ABSENT) -> E:
        """Write a document, unless one stands there; return what stands there then.

        ``computed`` are the fields that the database computes; ``free``: the condition on what
        stands there to be written over.
        """
        fresh = {"$mergeObjects": [{"$literal": document}, computed]}
        with mongo_errors():
            stored = await self._entries.find_one_and_update(
                {"_id": document["_id"]},
                [{"$replaceWith": {"$cond": [free, fresh, "$$ROOT"]}}],
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        return self._read(cast(Document, stored))

    async def _change(self, guard: Document, change: list[Document]) -> E | None:
        with mongo_errors():
            document = await self._entries.find_one_and_update(
                guard, change, return_document=ReturnDocument.AFTER
            )
        return self._read(document) if document else None


def begun(op: Op, lease: timedelta) -> Document:
    """Return the expression for a new movement, whose lease begins now."""
    return {"id": new_id("mov"), "op": op.value, "until": after(lease)}


def as_it_was(entry: Reservation | Adjustment) -> Document:
    """Return the condition that nobody has taken the movement over or ended it since."""
    if entry.movement is None:
        raise ValueError(f"{entry.id} has no movement under way")
    return {
        "_id": entry.id,
        "movement.id": entry.movement.id,
        "movement.until": entry.movement.until,
    }

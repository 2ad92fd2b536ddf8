"""Whose orders are still to be erased, in MongoDB: ids and times only."""

from collections.abc import Sequence
from datetime import datetime

from pymongo import ASCENDING, IndexModel, UpdateOne

from shop.common.bulk import update_together
from shop.common.mongo import Collection, ensure_indexes, mongo_errors
from shop.order.model import Deleted

_READ_UNTIL = "read-until"  # no customer has this id

INDEXES = (IndexModel([("lookedAt", ASCENDING)], name="looked", sparse=True),)


class MongoErasureNotes:
    """Satisfies ``Notes``."""

    def __init__(self, collection: Collection) -> None:
        self._notes = collection

    async def prepare(self) -> None:
        """Create the index that is missing."""
        await ensure_indexes(self._notes, INDEXES)

    async def read_until(self) -> datetime | None:
        """Return up to when all deletions have been noted, None if none has."""
        with mongo_errors():
            found = await self._notes.find_one({"_id": _READ_UNTIL})
        return found["at"] if found else None

    async def add(self, deleted: Sequence[Deleted]) -> None:
        """Note these customers."""
        if deleted:
            notes = [
                UpdateOne(
                    {"_id": each.customer_id}, {"$setOnInsert": {"lookedAt": each.at}}, upsert=True
                )
                for each in deleted
            ]
            done = await update_together(self._notes, notes)
            for fault in done.faults.values():
                raise fault

    async def set_read_until(self, at: datetime) -> None:
        """Keep that everything up to then has been noted."""
        with mongo_errors():
            await self._notes.update_one({"_id": _READ_UNTIL}, {"$max": {"at": at}}, upsert=True)

    async def oldest(self, now: datetime, limit: int) -> list[str]:
        """Return the customers that were looked at longest ago, and count that as a look."""
        with mongo_errors():
            found = self._notes.find({"lookedAt": {"$exists": True}}, {"_id": True})
            documents = await found.sort("lookedAt", ASCENDING).limit(limit).to_list()
            ids = [document["_id"] for document in documents]
            if ids:
                await self._notes.update_many({"_id": {"$in": ids}}, {"$set": {"lookedAt": now}})
        return ids

    async def done(self, customer_id: str) -> None:
        """Forget a customer."""
        with mongo_errors():
            await self._notes.delete_one({"_id": customer_id})

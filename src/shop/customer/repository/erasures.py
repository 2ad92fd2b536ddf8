"""Traces of deleted customers, in MongoDB: ids and times, kept for a year."""

from datetime import datetime, timedelta

from pymongo import ASCENDING, DESCENDING, IndexModel

from shop.common.keyset import LatestFirst, find_page
from shop.common.mongo import Collection, Document, mongo_errors
from shop.common.page import Page
from shop.customer.model import Erasure

_KEPT = timedelta(days=365)
"""Longer than any backup: what is restored from one has to be erased again by these."""

INDEXES = (
    IndexModel([("erasedAt", DESCENDING), ("_id", DESCENDING)], name="latest"),
    IndexModel(
        [("erasedAt", ASCENDING)], name="kept", expireAfterSeconds=int(_KEPT.total_seconds())
    ),
    IndexModel([("begunAt", ASCENDING)], name="begun", sparse=True),
)


class MongoErasures:
    """Keeps traces in a collection; satisfies ``ErasureStore``."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def begin(self, customer_id: str, at: datetime) -> None:
        """Note that a customer is about to be deleted."""
        with mongo_errors():
            await self._collection.update_one(
                {"_id": customer_id}, {"$set": {"begunAt": at}}, upsert=True
            )

    async def finish(self, customer_id: str, at: datetime) -> None:
        """Show what was begun as done, from this time on."""
        begun = {"_id": customer_id, "begunAt": {"$exists": True}}
        done = {"$set": {"erasedAt": at}, "$unset": {"begunAt": ""}}
        with mongo_errors():
            await self._collection.update_one(begun, done)

    async def give_up(self, customer_id: str, begun_at: datetime) -> None:
        """Take away what was begun then, for a customer that is there all the same."""
        with mongo_errors():
            await self._collection.delete_one({"_id": customer_id, "begunAt": begun_at})

    async def begun(self, before: datetime, limit: int) -> list[tuple[str, datetime]]:
        """Return what was begun before that and is not finished, and when it was."""
        with mongo_errors():
            found = self._collection.find({"begunAt": {"$lt": before}})
            documents = await found.sort("begunAt", ASCENDING).limit(limit).to_list()
        return [(document["_id"], document["begunAt"]) for document in documents]

    async def find(
        self, *, limit: int, cursor: str | None, since: datetime | None
    ) -> Page[Erasure]:
        """Return one page, the latest first."""
        shown: Document = {} if since else {"erasedAt": {"$exists": True}}
        order = LatestFirst("customerErasures", shown, "erasedAt", since=since)
        return await find_page(self._collection, order, limit=limit, cursor=cursor, model=_erasure)


def _erasure(document: Document) -> Erasure:
    return Erasure(document["_id"], document["erasedAt"])

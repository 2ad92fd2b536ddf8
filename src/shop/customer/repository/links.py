"""Links from customers to orders, in MongoDB: a collection of their own, one document each."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from shop.common.cache import Loader
from shop.common.keyset import LatestFirst, find_page
from shop.common.mongo import Collection, Document, mongo_errors
from shop.common.page import Page
from shop.common.representation import Representation
from shop.customer.errors import Changed, NoSuchLink
from shop.customer.model import OPEN, OrderLink, OrderLinkDetails
from shop.customer.repository.documents import link_fields, to_link
from shop.customer.repository.link_writes import LinkWrites, Put, link_id

Encode = Callable[[OrderLink], Representation]

_UNLINKED_KEPT = timedelta(days=30)

INDEXES = (
    IndexModel(
        [
            ("customerId", ASCENDING),
            ("linked", ASCENDING),
            ("placedAt", DESCENDING),
            ("orderId", DESCENDING),
        ],
        name="orders",
    ),
    IndexModel(
        [("customerId", ASCENDING), ("linked", ASCENDING), ("status", ASCENDING)], name="open"
    ),
    IndexModel(
        [("unlinkedAt", ASCENDING)],
        name="unlinked",
        expireAfterSeconds=int(_UNLINKED_KEPT.total_seconds()),
    ),
)


class MongoLinks:
    """Keeps links in a collection; satisfies ``LinkStore``.

    A link that was removed stays as a tombstone (``linked`` is false) for a month, so that what
    was sent before the removal and arrives after it does not bring the link back.
    """

    def __init__(self, collection: Collection, encode: Encode) -> None:
        self._collection = collection
        self._encode = encode
        self._writes = LinkWrites(collection)
        self._load = Loader(self._find_all, lambda link_id: NoSuchLink(*link_id.split("/")))

    async def put(
        self,
        customer_id: str,
        order_id: str,
        details: OrderLinkDetails,
        at: datetime,
        expected: frozenset[int] | None,
    ) -> OrderLink:
        """Keep the link unless what is there is as new; raise Changed or OrderUnlinked.

        Who says by ``expected`` that they know what is there also replaces what is as new.
        """
        if expected is None:
            return await self._writes.put(Put(customer_id, order_id, details, at))
        fields = link_fields(details)
        other = {"orderVersion": details.order_version, "$nor": [fields]}
        older: Document = {
            "_id": link_id(customer_id, order_id),
            "$or": [{"orderVersion": {"$lt": details.order_version}}, other],
            "linked": True,
            "version": {"$in": sorted(expected)},
        }
        change = {"$set": {**fields, "updatedAt": at}, "$inc": {"version": 1}}
        with mongo_errors():
            document = await self._collection.find_one_and_update(
                older, change, return_document=ReturnDocument.AFTER
            )
        if document:
            return to_link(document)
        with mongo_errors():
            present = await self._collection.find_one({"_id": link_id(customer_id, order_id)})
        if not (present and present["linked"] and present["version"] in expected):
            raise Changed
        return to_link(present)

    async def get(self, customer_id: str, order_id: str) -> OrderLink:
        """Return the link as it is now; raise NoSuchLink."""
        with mongo_errors():
            document = await self._collection.find_one(
                {"_id": link_id(customer_id, order_id), "linked": True}
            )
        if document is None:
            raise NoSuchLink(customer_id, order_id)
        return to_link(document)

    async def view(self, customer_id: str, order_id: str) -> Representation:
        """Return the link as it goes over the wire; raise NoSuchLink."""
        return self._encode(await self._load(link_id(customer_id, order_id)))

    async def _find_all(self, ids: Sequence[str]) -> Mapping[str, OrderLink]:
        with mongo_errors():
            found = await self._collection.find({"_id": {"$in": ids}, "linked": True}).to_list()
        return {document["_id"]: to_link(document) for document in found}

    async def find(self, customer_id: str, *, limit: int, cursor: str | None) -> Page[OrderLink]:
        """Return one page, the order placed last first."""
        filters = {"customerId": customer_id, "linked": True}
        order = LatestFirst("customerOrders", filters, "placedAt", "orderId")
        return await find_page(self._collection, order, limit=limit, cursor=cursor, model=to_link)

    async def has_open(self, customer_id: str) -> bool:
        """Tell whether the customer has an order that is not final."""
        states = sorted(OPEN)
        query = {"customerId": customer_id, "linked": True, "status": {"$in": states}}
        with mongo_errors():
            return await self._collection.find_one(query, {"_id": 1}) is not None

    async def remove(
        self,
        customer_id: str,
        order_id: str,
        at: datetime,
        order_version: int,
        expected: frozenset[int] | None,
    ) -> None:
        """Leave a tombstone against this order version and older; raise NoSuchLink, Changed.

        With an order version (not 0) it is left even where there is no link: one may be on its way.
        """
        link: Document = {"_id": link_id(customer_id, order_id), "linked": True}
        guard = {} if expected is None else {"version": {"$in": sorted(expected)}}
        change = {
            "$set": {"linked": False, "unlinkedAt": at},
            "$max": {"orderVersion": order_version},
            "$inc": {"version": 1},
        }
        while not await self._update(link | guard, change):
            if not order_version:
                await self.get(customer_id, order_id)
            elif await self._refuse(customer_id, order_id, at, order_version):
                raise NoSuchLink(customer_id, order_id)
            if expected is not None:
                raise Changed
            # It has been linked meanwhile: once more.

    async def _update(self, guard: Document, change: Document) -> bool:
        with mongo_errors():
            return (await self._collection.update_one(guard, change)).matched_count == 1

    async def _refuse(
        self, customer_id: str, order_id: str, at: datetime, order_version: int
    ) -> bool:
        """Leave a tombstone where there is no link; tell whether there was none."""
        link = {"_id": link_id(customer_id, order_id), "linked": False}
        ids = {"customerId": customer_id, "orderId": order_id, "linkedAt": at, "version": 1}
        change = {
            "$set": {"unlinkedAt": at},
            "$max": {"orderVersion": order_version},
            "$setOnInsert": ids,
        }
        try:
            with mongo_errors():
                await self._collection.update_one(link, change, upsert=True)
        except DuplicateKeyError:
            return False
        return True

    async def forget(self, customer_id: str, order_id: str | None = None) -> None:
        """Delete a link, or all of a customer's, without a trace."""
        with mongo_errors():
            if order_id is not None:
                await self._collection.delete_one({"_id": link_id(customer_id, order_id)})
            else:
                await self._collection.delete_many({"customerId": customer_id})

    async def order_ids(self, customer_id: str) -> list[str]:
        """Return the ids of all orders of a customer."""
        with mongo_errors():
            found = self._collection.find({"customerId": customer_id}, {"_id": 0, "orderId": 1})
            return [document["orderId"] async for document in found]

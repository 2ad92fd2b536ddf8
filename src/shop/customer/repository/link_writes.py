"""The links that are put: those that come at the same time go as one command."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from shop.common.bulk import insert_together, write_together
from shop.common.errors import Unavailable
from shop.common.gathered import Gathered
from shop.common.mongo import Collection, Document, mongo_errors
from shop.customer.errors import OrderUnlinked
from shop.customer.model import OrderLink, OrderLinkDetails, OrderStatus
from shop.customer.repository.documents import link_fields, to_link

_AT_FIRST = {OrderStatus.CONFIRMED, OrderStatus.PENDING}
"""As what an order is told of first; so its link is hardly ever there, and an insert costs less."""


@dataclass(frozen=True)
class Put:
    """A link that is to be kept unless what is there is as new."""

    customer_id: str
    order_id: str
    details: OrderLinkDetails
    at: datetime

    @property
    def id(self) -> str:
        """The link's id."""
        return link_id(self.customer_id, self.order_id)

    @property
    def new(self) -> OrderLink:
        """The link as it is where it was the first."""
        return OrderLink(
            **vars(self.details),
            customer_id=self.customer_id,
            order_id=self.order_id,
            linked_at=self.at,
            updated_at=self.at,
            is_new=True,
        )


@dataclass(frozen=True)
class _Upserted:
    """Which puts, by their position, made a new link, and which failed."""

    new: frozenset[int]
    failed: Mapping[int, Exception] = field(default_factory=dict)


class LinkWrites:
    """Puts links. Nobody here expects a version: the highest order version wins."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._insert = Gathered(self._insert_together)
        self._upsert = Gathered(self._upsert_together)

    async def put(self, put: Put) -> OrderLink:
        """Keep the link unless what is there is as new; raise OrderUnlinked."""
        while True:
            if put.details.status in _AT_FIRST and await self._insert(put):
                return put.new
            if link := await self._upsert(put):
                return link  # None: forgotten since it was in the way

    async def _insert_together(self, puts: Sequence[Put]) -> Sequence[bool | Exception]:
        return await insert_together(self._collection, [_document(put) for put in puts])

    async def _upsert_together(self, puts: Sequence[Put]) -> Sequence[OrderLink | Exception | None]:
        made = await self._write([_upsert(put) for put in puts])
        old = [put.id for n, put in enumerate(puts) if n not in made.new and n not in made.failed]
        present = await self._find(old) if old else {}
        return [
            made.failed.get(n) or (put.new if n in made.new else _found(put, present.get(put.id)))
            for n, put in enumerate(puts)
        ]

    async def _write(self, updates: Sequence[UpdateOne]) -> _Upserted:
        with mongo_errors():
            try:
                sent = await write_together(self._collection, updates)
            except BulkWriteError as error:
                return _in_part(error)
        return _Upserted(frozenset(sent.result.upserted_ids or ()))

    async def _find(self, ids: Sequence[str]) -> Mapping[str, Document]:
        with mongo_errors():
            found = await self._collection.find({"_id": {"$in": ids}}).to_list()
        return {document["_id"]: document for document in found}


def link_id(customer_id: str, order_id: str) -> str:
    """Return the id under which a link is kept."""
    return f"{customer_id}/{order_id}"


def _document(put: Put) -> Document:
    return {
        "_id": put.id,
        "customerId": put.customer_id,
        "orderId": put.order_id,
        **link_fields(put.details),
        "linked": True,
        "linkedAt": put.at,
        "updatedAt": put.at,
        "version": 1,
    }


def _upsert(put: Put) -> UpdateOne:
    """Return the update whose condition is in its expression.

    A document that is named by its id alone is found without a plan of the query, which costs more
    than all the rest; and two that insert it at once do not fail.
    """
    told = _document(put)
    kept = {
        "linkedAt": {"$ifNull": ["$linkedAt", put.at]},
        "version": {"$add": [{"$ifNull": ["$version", 0]}, 1]},
    }
    merged = {"$mergeObjects": ["$$ROOT", {"$literal": told}, kept]}
    changed = {"$unsetField": {"field": "unlinkedAt", "input": merged}}
    older = {"$lt": [{"$ifNull": ["$orderVersion", 0]}, put.details.order_version]}
    return UpdateOne(
        {"_id": put.id}, [{"$replaceWith": {"$cond": [older, changed, "$$ROOT"]}}], upsert=True
    )


def _in_part(error: BulkWriteError) -> _Upserted:
    details = error.details or {}
    if not details.get("writeErrors") or details.get("writeConcernErrors"):
        raise error
    given_up = Unavailable("The database gave this write up; try again shortly.")
    failed = {fault["index"]: given_up for fault in details["writeErrors"]}
    return _Upserted(frozenset(made["index"] for made in details["upserted"]), failed)


def _found(put: Put, document: Document | None) -> OrderLink | Exception | None:
    """Return the link as it stands; what unlinked it knew this order version, or a later one."""
    if document is None:
        return None
    return to_link(document) if document["linked"] else OrderUnlinked(put.order_id)

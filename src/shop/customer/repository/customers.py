"""Customers in MongoDB."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from secrets import token_hex

from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from shop.common.bulk import insert_together
from shop.common.cache import Loader
from shop.common.gathered import Gathered
from shop.common.keyset import LatestFirst, NewestFirst, find_page
from shop.common.mongo import Collection, Document, mongo_errors
from shop.common.page import Page
from shop.common.representation import Representation
from shop.customer.errors import BeingDeleted, Changed, EmailTaken, NoSuchCustomer
from shop.customer.model import Customer, CustomerDetails, CustomerStatus
from shop.customer.repository.documents import details_fields, from_customer, to_customer

Encode = Callable[[Customer], Representation]

INDEXES = (
    IndexModel([("emailKey", ASCENDING)], name="email", unique=True),
    IndexModel([("status", ASCENDING), ("_id", DESCENDING)], name="status"),
    IndexModel([("updatedAt", DESCENDING), ("_id", DESCENDING)], name="changes"),
    IndexModel(
        [("status", ASCENDING), ("updatedAt", DESCENDING), ("_id", DESCENDING)],
        name="status_changes",
    ),
)


class MongoCustomers:
    """Keeps customers in a collection; satisfies ``CustomerStore``."""

    def __init__(self, collection: Collection, encode: Encode) -> None:
        self._collection = collection
        self._encode = encode
        self._insert = Gathered(self._insert_together)
        self._look = Gathered(self._look_together)
        self._load = Loader(self._find_all, NoSuchCustomer)

    async def add(self, customer: Customer) -> None:
        """Keep a new customer; raise EmailTaken."""
        if not await self._insert(customer):
            raise EmailTaken

    async def _insert_together(self, customers: Sequence[Customer]) -> Sequence[bool | Exception]:
        return await insert_together(self._collection, [from_customer(each) for each in customers])

    async def get(self, customer_id: str) -> Customer:
        """Return the customer as it is now; raise NoSuchCustomer."""
        with mongo_errors():
            document = await self._collection.find_one({"_id": customer_id})
        if document is None:
            raise NoSuchCustomer(customer_id)
        return to_customer(document)

    async def view(self, customer_id: str) -> Representation:
        """Return the customer as it goes over the wire; raise NoSuchCustomer."""
        return self._encode(await self._load(customer_id))

    async def _find_all(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        with mongo_errors():
            found = await self._collection.find({"_id": {"$in": ids}}).to_list()
        return {document["_id"]: to_customer(document) for document in found}

    async def find(
        self,
        *,
        limit: int,
        cursor: str | None,
        status: str | None,
        email: str | None,
        updated_since: datetime | None,
    ) -> Page[Customer]:
        """Return one page, newest first; with ``updated_since``, latest change first."""
        given = {"status": status, "emailKey": email.lower() if email else None}
        filters = {name: value for name, value in given.items() if value is not None}
        order = (
            LatestFirst("customers", filters, "updatedAt", since=updated_since)
            if updated_since
            else NewestFirst("customers", filters)
        )
        return await find_page(
            self._collection, order, limit=limit, cursor=cursor, model=to_customer
        )

    async def set_details(
        self,
        customer_id: str,
        details: CustomerDetails,
        at: datetime,
        expected: frozenset[int] | None,
    ) -> Customer:
        """Replace what a caller may set; raise NoSuchCustomer, Changed or EmailTaken."""
        while True:
            present = await self.get(customer_id)
            if expected is not None and present.version not in expected:
                raise Changed
            changed = replace(present, **vars(details), updated_at=at, version=present.version + 1)
            if await self._put(present, changed):
                return changed

    async def set_status(self, customer_id: str, status: CustomerStatus, at: datetime) -> Customer:
        """Set the status if it is another one; raise NoSuchCustomer."""
        guard = {"status": {"$ne": status.value}}
        with mongo_errors():
            document = await self._collection.find_one_and_update(
                {"_id": customer_id, **guard},
                {"$set": {"status": status.value, "updatedAt": at}, "$inc": {"version": 1}},
                return_document=ReturnDocument.AFTER,
            )
        return to_customer(document) if document else await self.get(customer_id)

    async def claim_deletion(
        self, customer_id: str, until: datetime, expected: frozenset[int] | None
    ) -> str:
        """Mark the customer as being deleted; raise NoSuchCustomer or Changed."""
        claim = token_hex(8)
        deletion = {"claim": claim, "until": until}
        await self._change(customer_id, {"$set": {"deletion": deletion}}, expected)
        return claim

    async def drop_deletion(self, customer_id: str, claim: str) -> None:
        """Take the mark away, if the claim still stands."""
        with mongo_errors():
            await self._collection.update_one(
                {"_id": customer_id, "deletion.claim": claim}, {"$unset": {"deletion": ""}}
            )

    async def delete(self, customer_id: str, claim: str, expected: frozenset[int] | None) -> bool:
        """Delete the customer and return True; return False if the claim or the version changed."""
        with mongo_errors():
            result = await self._collection.delete_one(
                {"_id": customer_id, "deletion.claim": claim, **_at(expected)}
            )
        return result.deleted_count == 1

    async def admit(self, customer_id: str, at: datetime) -> CustomerStatus:
        """Return the status, and end a lapsed deletion; raise NoSuchCustomer or BeingDeleted."""
        document = await self._look(customer_id)
        if document is None:
            raise NoSuchCustomer(customer_id)
        if deletion := document.get("deletion"):
            if at < deletion["until"]:
                raise BeingDeleted(customer_id)
            await self.drop_deletion(customer_id, deletion["claim"])
            return await self.admit(customer_id, at)
        return CustomerStatus(document["status"])

    async def _look_together(self, ids: Sequence[str]) -> Sequence[Document | None]:
        shown = {"status": True, "deletion": True}
        with mongo_errors():
            found = await self._collection.find({"_id": {"$in": ids}}, shown).to_list()
        by_id = {document["_id"]: document for document in found}
        return [by_id.get(customer_id) for customer_id in ids]

    async def _put(self, present: Customer, changed: Customer) -> bool:
        """Store a changed customer, unless somebody was faster; raise EmailTaken.

        By a plain update: MongoDB writes a findAndModify that meets a taken email into its own
        log, whole, with all that it says of the customer.
        """
        values = details_fields(changed) | {"updatedAt": changed.updated_at}
        change = {"$set": values, "$inc": {"version": 1}}
        at = {"_id": present.id, "version": present.version}
        try:
            with mongo_errors():
                return (await self._collection.update_one(at, change)).matched_count == 1
        except DuplicateKeyError:
            raise EmailTaken from None

    async def _change(
        self, customer_id: str, change: Document, expected: frozenset[int] | None
    ) -> Document:
        with mongo_errors():
            document = await self._collection.find_one_and_update(
                {"_id": customer_id, **_at(expected)}, change, return_document=ReturnDocument.AFTER
            )
        if document is None:
            await self.get(customer_id)
            raise Changed
        return document


def _at(expected: frozenset[int] | None) -> Document:
    return {} if expected is None else {"version": {"$in": sorted(expected)}}

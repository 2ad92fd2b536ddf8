"""The catalogue in MongoDB."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from shop.common.bulk import insert_together
from shop.common.cache import Loader, LoaderGlance
from shop.common.gathered import Gathered
from shop.common.keyset import NewestFirst, find_page
from shop.common.mongo import Collection, Document, mongo_errors
from shop.common.page import Page
from shop.common.representation import Listed, Representation
from shop.product.errors import ProductNotFound, SkuTaken
from shop.product.model import Product, ProductDetails, ProductFilter
from shop.product.repository.documents import details_document, product_document, product_of
from shop.product.repository.search import MongoSearch

_OPTIONAL = ("description", "category")
_SHOWN = {"marks": False}


class MongoProducts:
    """The products, whose stock it never changes. ``encode`` makes what a read shows of one."""

    def __init__(
        self, collection: Collection, encode: Callable[[Document], Representation]
    ) -> None:
        self._products = collection
        self._encode = encode
        self._insert = Gathered(self._insert_together)
        self._by_words = MongoSearch(collection)
        self.view = Loader(self._find_all, ProductNotFound)
        """Returns a product as it is shown; raises ProductNotFound."""
        self.glance = LoaderGlance(self.view)

    async def add(self, product: Product) -> None:
        """Store a new product; raise SkuTaken."""
        if not await self._insert(product):
            raise SkuTaken(product.details.sku)

    async def _insert_together(self, products: Sequence[Product]) -> Sequence[bool | Exception]:
        return await insert_together(self._products, [product_document(each) for each in products])

    async def get(self, product_id: str) -> Product:
        """Return a product as it stands in the database; raise ProductNotFound."""
        with mongo_errors():
            document = await self._products.find_one({"_id": product_id}, _SHOWN)
        if document is None:
            raise ProductNotFound(product_id)
        return product_of(document)

    async def _find_all(self, ids: Sequence[str]) -> Mapping[str, Representation]:
        with mongo_errors():
            found = await self._products.find({"_id": {"$in": ids}}, _SHOWN).to_list()
        return {document["_id"]: self._encode(document) for document in found}

    async def find(self, chosen: ProductFilter, cursor: str | None, limit: int) -> Page[Listed]:
        """Return products, newest first, or as a search does; raise InvalidCursor."""
        if chosen.q is not None and chosen.ids is None:
            return await self._search(chosen.q, replace(chosen, q=None), cursor, limit)
        order = NewestFirst("products", query_of(chosen))
        return await find_page(
            self._products, order, limit=limit, cursor=cursor, model=self._listed
        )

    async def _search(
        self, q: str, others: ProductFilter, cursor: str | None, limit: int
    ) -> Page[Listed]:
        page = await self._by_words.find(q, query_of(others), limit=limit, cursor=cursor)
        return Page([self._listed(document) for document in page.items], page.next_cursor)

    def _listed(self, document: Document) -> Listed:
        return Listed(document["_id"], self._encode(document))

    async def replace(
        self,
        product_id: str,
        details: ProductDetails,
        at: datetime,
        *,
        versions: frozenset[int] | None = None,
        edition: int | None = None,
    ) -> Product | None:
        """Set the details, as of the time ``at``; raise SkuTaken.

        None unless there is such a product, in one of the versions and in that edition.
        """
        stored = details_document(details)
        guard = _guard(product_id, versions)
        if edition is not None:
            guard["edition"] = edition
        change = {
            "$set": {**stored, "updatedAt": at},
            "$unset": {name: "" for name in _OPTIONAL if name not in stored},
            "$inc": {"version": 1, "edition": 1},
        }
        try:
            with mongo_errors():
                document = await self._products.find_one_and_update(
                    guard, change, _SHOWN, return_document=ReturnDocument.AFTER
                )
        except DuplicateKeyError as error:
            raise SkuTaken(details.sku) from error
        return product_of(document) if document else None

    async def remove(self, product_id: str, versions: frozenset[int] | None) -> bool:
        """Delete a product of which nothing is reserved; False where that cannot be done."""
        guard = {**_guard(product_id, versions), "stock.reserved": 0}
        with mongo_errors():
            return (await self._products.delete_one(guard)).deleted_count == 1


def query_of(chosen: ProductFilter) -> Document:
    """Return the query for the products that match every filter."""
    price: Document = {}
    if chosen.min_price is not None:
        price["$gte"] = chosen.min_price
    if chosen.max_price is not None:
        price["$lte"] = chosen.max_price
    wanted: Document = {
        "$text": None if chosen.q is None else {"$search": chosen.q},
        "category": chosen.category,
        "_id": None if chosen.ids is None else {"$in": list(chosen.ids)},
        "price.amount": price or None,
    }
    return {name: condition for name, condition in wanted.items() if condition is not None}


def _guard(product_id: str, versions: frozenset[int] | None) -> Document:
    return {"_id": product_id} | (
        {"version": {"$in": sorted(versions)}} if versions is not None else {}
    )

"""The catalogue: what is sold, and at what price. Its writes never touch the stock."""

from asyncio import gather
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from shop.common.clock import Clock, now
from shop.common.ids import new_id
from shop.common.page import Cursors, Page, cut
from shop.common.representation import Listed, Representation
from shop.product.errors import OpenReservations, ProductNotFound, SkuTaken, StaleVersion
from shop.product.model import Product, ProductDetails, ProductFilter, Stock

Change = Callable[[ProductDetails], ProductDetails]
"""Makes the new details from the present ones; raises what the caller is to be told."""

Versions = frozenset[int]
"""The versions that ``If-Match`` names, one of which has to be the current one."""


class Products(Protocol):
    """The store of the catalogue."""

    async def add(self, product: Product) -> None:
        """Store a new product; raise SkuTaken."""

    async def get(self, product_id: str) -> Product:
        """Return a product as it stands in the database; raise ProductNotFound."""

    async def view(self, product_id: str) -> Representation:
        """Return a product as it is shown; raise ProductNotFound."""

    async def find(self, chosen: ProductFilter, cursor: str | None, limit: int) -> Page[Listed]:
        """Return products, newest first; raise InvalidCursor."""

    async def replace(
        self,
        product_id: str,
        details: ProductDetails,
        at: datetime,
        *,
        versions: Versions | None = None,
        edition: int | None = None,
    ) -> Product | None:
        """Set the details, as of the time ``at``; raise SkuTaken.

        None unless there is such a product, in one of the versions and in that edition.
        """

    async def remove(self, product_id: str, versions: Versions | None) -> bool:
        """Delete a product of which nothing is reserved; False where that cannot be done."""


class Catalogue:
    """Creates, shows, changes and deletes products."""

    def __init__(self, products: Products, clock: Clock = now) -> None:
        self._products = products
        self._now = clock
        self.view = products.view

    async def create(
        self, details: ProductDetails, initial_stock: int = 0, product_id: str | None = None
    ) -> Product:
        """Add a product, with its first pieces on the shelf; raise SkuTaken.

        Repeated with the same id it adds nothing, and returns the product that is there.
        """
        moment = self._now()
        product = Product(
            product_id or new_id("prd"),
            details,
            Stock(initial_stock),
            version=1,
            edition=1,
            created_at=moment,
            updated_at=moment,
        )
        try:
            await self._products.add(product)
        except SkuTaken as taken:
            return await self._made_before(product.id, taken)
        return product

    async def _made_before(self, product_id: str, taken: SkuTaken) -> Product:
        """Return the product that has the SKU, if that is the very one; raise ``taken`` else."""
        try:
            return await self._products.get(product_id)
        except ProductNotFound:
            raise taken from None

    async def get(self, product_id: str) -> Product:
        """Return a product as it stands in the database; raise ProductNotFound."""
        return await self._products.get(product_id)

    async def view_all(
        self, ids: Sequence[str], *, limit: int, cursor: str | None = None
    ) -> Page[Representation]:
        """Return those of these products that there are, newest first; raise InvalidCursor."""
        cursors = Cursors.of("products", ids=sorted(ids))
        last = cursors.decode(cursor, str)[0] if cursor is not None else None
        wanted = [each for each in sorted(ids, reverse=True) if last is None or each < last]
        shown = await gather(*(self._view_if_there(each) for each in wanted))
        there = [(each, seen) for each, seen in zip(wanted, shown, strict=True) if seen]
        page = cut(there[: limit + 1], limit, lambda item: cursors.encode(item[0]))
        return Page([seen for _, seen in page.items], page.next_cursor)

    async def _view_if_there(self, product_id: str) -> Representation | None:
        try:
            return await self.view(product_id)
        except ProductNotFound:
            return None

    async def find(
        self,
        *,
        limit: int,
        cursor: str | None = None,
        q: str | None = None,
        category: str | None = None,
        min_price: int | None = None,
        max_price: int | None = None,
        ids: Sequence[str] | None = None,
    ) -> Page[Listed]:
        """Return a page of the products that match every filter, newest first.

        Raises InvalidCursor.
        """
        chosen = ProductFilter(q, category, min_price, max_price, ids)
        return await self._products.find(chosen, cursor, limit)

    async def replace(
        self, product_id: str, details: ProductDetails, expected: Versions | None
    ) -> Product:
        """Put new details in the place of all present ones.

        Raises ProductNotFound, SkuTaken, and StaleVersion if the version is none of ``expected``.
        """
        replaced = await self._products.replace(product_id, details, self._now(), versions=expected)
        if replaced is None:
            await self._products.get(product_id)
            raise StaleVersion(product_id)
        return replaced

    async def patch(self, product_id: str, change: Change, expected: Versions | None) -> Product:
        """Change some of the details.

        Two writers' fields never mix: when somebody else writes in between, ``change`` is called
        again with what they wrote. Raises as ``replace`` does, and what ``change`` raises.
        """
        while True:
            product = await self._products.get(product_id)
            if expected is not None and product.version not in expected:
                raise StaleVersion(product_id)
            patched = await self._products.replace(
                product_id,
                change(product.details),
                self._now(),
                versions=expected,
                edition=product.edition,
            )
            if patched is not None:
                return patched

    async def delete(self, product_id: str, expected: Versions | None) -> None:
        """Delete a product.

        Raises ProductNotFound, StaleVersion, and OpenReservations while some of it is reserved.
        """
        while not await self._products.remove(product_id, expected):
            product = await self._products.get(product_id)
            if expected is not None and product.version not in expected:
                raise StaleVersion(product_id)
            if product.stock.reserved:
                raise OpenReservations(product_id)

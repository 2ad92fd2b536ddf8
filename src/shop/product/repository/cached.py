"""The catalogue, with a cache in front of its reads by id; whatever is written is marked there."""

from asyncio import gather
from collections.abc import Sequence
from datetime import datetime

from shop.common.cache import Cache, writing
from shop.common.representation import Representation
from shop.product.errors import ProductNotFound
from shop.product.model import Product, ProductDetails
from shop.product.repository.products import MongoProducts


class CachedProducts:
    """The products, as ``MongoProducts`` has them."""

    def __init__(self, products: MongoProducts, cache: Cache) -> None:
        self._products = products
        self._cache = cache
        self.get = products.get
        self.find = products.find
        self.glance = cache.glance or products.glance

    async def view(self, product_id: str) -> Representation:
        """Return a product as it is shown; raise ProductNotFound."""
        return await self._cache.read(
            product_id,
            lambda: self._products.view(product_id),
            lambda: ProductNotFound(product_id),
        )

    async def add(self, product: Product) -> None:
        """Store a new product; raise SkuTaken."""
        async with writing(self._cache, product.id):  # its absence may be there
            await self._products.add(product)

    async def replace(
        self,
        product_id: str,
        details: ProductDetails,
        at: datetime,
        *,
        versions: frozenset[int] | None = None,
        edition: int | None = None,
    ) -> Product | None:
        """Set the details; raise SkuTaken."""
        async with writing(self._cache, product_id):
            return await self._products.replace(
                product_id, details, at, versions=versions, edition=edition
            )

    async def remove(self, product_id: str, versions: frozenset[int] | None) -> bool:
        """Delete a product of which nothing is reserved; False where that cannot be done."""
        async with writing(self._cache, product_id):
            return await self._products.remove(product_id, versions)

    async def stock_changed(self, product_ids: Sequence[str]) -> None:
        """Take note that the stock of these products has, or may have, changed."""
        await gather(*(self._cache.written(product_id) for product_id in product_ids))

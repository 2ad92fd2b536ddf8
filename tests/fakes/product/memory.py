"""The product service's catalogue in memory: the same behaviour, held to the same suite, no I/O.

Every operation is one atomic step, as it is in the database, and lets others go first.
"""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from shop.common.page import Cursors, Page, cut
from shop.common.representation import Listed, Representation
from shop.product.errors import ProductNotFound, SkuTaken
from shop.product.model import (
    Adjustment,
    Movement,
    Product,
    ProductDetails,
    ProductFilter,
    Reservation,
    Stock,
)


@dataclass
class MemoryMark:
    """A mark on a product, as the database has it."""

    id: str
    of: str
    until: datetime
    void: bool = False
    taken: int = 0
    stock: Stock | None = None


@dataclass
class Memory:
    """What a database holds, and its clock."""

    products: dict[str, Product] = field(default_factory=dict)
    marks: dict[str, list[MemoryMark]] = field(default_factory=dict)
    reservations: dict[str, Reservation] = field(default_factory=dict)
    voided: dict[str, set[str]] = field(default_factory=dict)
    adjustments: dict[str, Adjustment] = field(default_factory=dict)
    now: datetime = datetime(2026, 1, 31, 12, tzinfo=UTC)

    def mark(self, product_id: str, movement: Movement) -> MemoryMark | None:
        """Return the movement's mark on a product."""
        return next((m for m in self.marks[product_id] if m.id == movement.id), None)

    def move(self, product_id: str, change: Stock, sign: int = 1) -> Stock:
        """Change a product's stock."""
        product = self.products[product_id]
        stock = Stock(
            product.stock.on_hand + sign * change.on_hand,
            product.stock.reserved + sign * change.reserved,
        )
        self.products[product_id] = replace(product, stock=stock, version=product.version + 1)
        return stock


class MemoryProducts:
    """The catalogue."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def add(self, product: Product) -> None:
        await asyncio.sleep(0)
        self._require_free(product.details.sku, product.id)
        self._memory.products[product.id] = product
        self._memory.marks[product.id] = []

    async def get(self, product_id: str) -> Product:
        await asyncio.sleep(0)
        if product_id not in self._memory.products:
            raise ProductNotFound(product_id)
        return self._memory.products[product_id]

    async def view(self, product_id: str) -> Representation:
        return _shown(await self.get(product_id))

    async def find(self, chosen: ProductFilter, cursor: str | None, limit: int) -> Page[Listed]:
        await asyncio.sleep(0)
        cursors = Cursors.of("products", **vars(chosen))

        def place(product: Product) -> tuple[int, str]:
            return int(chosen.q == product.details.sku), product.id

        found = [p for p in self._memory.products.values() if _matches(p, chosen)]
        if cursor is not None:
            last = tuple(cursors.decode(cursor, int, str))
            found = [p for p in found if place(p) < last]
        found.sort(key=place, reverse=True)
        page = cut(found[: limit + 1], limit, lambda p: cursors.encode(*place(p)))
        return Page([Listed(p.id, _shown(p)) for p in page.items], page.next_cursor)

    async def replace(
        self,
        product_id: str,
        details: ProductDetails,
        at: datetime,
        *,
        versions: frozenset[int] | None = None,
        edition: int | None = None,
    ) -> Product | None:
        await asyncio.sleep(0)
        present = self._memory.products.get(product_id)
        if present is None or (versions is not None and present.version not in versions):
            return None
        if edition is not None and present.edition != edition:
            return None
        self._require_free(details.sku, product_id)
        changed = replace(
            present,
            details=details,
            updated_at=at,
            version=present.version + 1,
            edition=present.edition + 1,
        )
        self._memory.products[product_id] = changed
        return changed

    async def remove(self, product_id: str, versions: frozenset[int] | None) -> bool:
        await asyncio.sleep(0)
        present = self._memory.products.get(product_id)
        if present is None or present.stock.reserved:
            return False
        if versions is not None and present.version not in versions:
            return False
        del self._memory.products[product_id]
        return True

    def _require_free(self, sku: str, product_id: str) -> None:
        for product in self._memory.products.values():
            if product.details.sku == sku and product.id != product_id:
                raise SkuTaken(sku)


def _matches(product: Product, chosen: ProductFilter) -> bool:
    details = product.details
    text = f"{details.name} {details.sku} {details.category} {details.description}".lower()
    return (
        (chosen.q is None or any(word in text.split() for word in chosen.q.lower().split()))
        and (chosen.category is None or details.category == chosen.category)
        and (chosen.ids is None or product.id in chosen.ids)
        and (chosen.min_price is None or details.price.amount >= chosen.min_price)
        and (chosen.max_price is None or details.price.amount <= chosen.max_price)
    )


def _shown(product: Product) -> Representation:
    return Representation(product.version, product.details.name.encode())

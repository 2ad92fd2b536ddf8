"""Products and what is known of their stock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shop.common.money import Money


@dataclass(frozen=True)
class ProductDetails:
    """What a caller says about a product; everything but its stock."""

    sku: str
    name: str
    price: Money
    description: str | None = None
    category: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Stock:
    """How many pieces stand on the shelf, and how many of them are promised to orders."""

    on_hand: int
    reserved: int = 0

    @property
    def available(self) -> int:
        """The pieces that can still be promised."""
        return self.on_hand - self.reserved


@dataclass(frozen=True)
class Product:
    """A product of the catalogue.

    ``version`` counts every change that shows, stock included; ``edition`` only those of the
    details. ``updated_at`` is the time of the last change of the details.
    """

    id: str
    details: ProductDetails
    stock: Stock
    version: int
    edition: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class ShelfItem:
    """What has to be known of a product in order to sell it, and when it was like that.

    ``edition``: of its name and its price. ``seen_at`` is a time of the database's clock.
    """

    sku: str
    name: str
    price: Money
    edition: int
    stock: Stock
    seen_at: datetime


@dataclass(frozen=True)
class ProductFilter:
    """Which products a list shows; None does not filter. Prices are in minor units, inclusive."""

    q: str | None = None
    category: str | None = None
    min_price: int | None = None
    max_price: int | None = None
    ids: Sequence[str] | None = None


@dataclass(frozen=True)
class Shortage:
    """A product of which less is available than was asked for."""

    product_id: str
    requested: int
    available: int

"""A new order that is written down, and not stored yet as what becomes of it."""

from dataclasses import dataclass, field

from shop.order.model import Order


@dataclass(frozen=True)
class Batch:
    """Orders that arrived together, and which of them are not stored yet."""

    id: str
    left: set[str] = field(compare=False)


@dataclass(frozen=True)
class Accepted:
    """An order that is written down, and where."""

    order: Order
    batch: Batch

"""A new order that is written down, until it is stored as what becomes of it, and audited."""

from dataclasses import dataclass, field

from shop.order.model import Order


@dataclass(frozen=True)
class Batch:
    """Orders that arrived together, and which are not stored, or not in the audit trail, yet."""

    id: str
    left: set[str] = field(compare=False)


@dataclass(frozen=True)
class Accepted:
    """An order that is written down, and where."""

    order: Order
    batch: Batch

"""Reservations of orders, and adjustments of the stock: what a movement is made for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from shop.common.money import Money
from shop.product.model.movement import Movement, Op
from shop.product.model.product import Stock


class State(StrEnum):
    """Where a reservation stands.

    VOID is never shown: an attempt came to nothing, and must not come to anything later.
    """

    VOID = "void"
    HELD = "held"
    COMMITTED = "committed"
    RELEASED = "released"
    EXPIRED = "expired"


TRANSITIONS: Mapping[Op, tuple[State, State]] = {
    Op.COMMIT: (State.HELD, State.COMMITTED),
    Op.RELEASE: (State.HELD, State.RELEASED),
    Op.EXPIRE: (State.HELD, State.EXPIRED),
    Op.RETURN: (State.COMMITTED, State.RELEASED),
}
"""From which state each operation leads to which."""


@dataclass(frozen=True)
class Line:
    """Some pieces of one product, with the name and the price it had when they were taken."""

    product_id: str
    sku: str
    name: str
    unit_price: Money
    quantity: int


@dataclass(frozen=True)
class Reservation:
    """What an order has been promised. ``movement`` is there while its stock still moves.

    ``taken_by`` is the id of the movement that took its pieces.
    A released one without lines, and without ``expires_at``, was released before it was taken.
    """

    order_id: str
    state: State
    lines: Sequence[Line]
    expires_at: datetime | None
    created_at: datetime
    version: int
    movement: Movement | None = None
    taken_by: str | None = None

    @property
    def id(self) -> str:
        """The order's id, by which the journal knows it."""
        return self.order_id

    @property
    def pieces(self) -> dict[str, int]:
        """How many of each product."""
        return {line.product_id: line.quantity for line in self.lines}

    @property
    def total(self) -> Money | None:
        """What the lines cost together; None where there are none."""
        return total(self.lines)


def total(lines: Sequence[Line]) -> Money | None:
    """Return what lines of one currency cost together; None where there are none."""
    if not lines:
        return None
    amount = sum(line.unit_price.amount * line.quantity for line in lines)
    return Money(amount, lines[0].unit_price.currency)


@dataclass(frozen=True)
class Hold:
    """A reservation that is asked for: its lines, and from when and for how long it is held.

    ``since`` is a time of the database's clock. ``editions``: those of the products that the lines
    tell of.
    """

    order_id: str
    lines: Sequence[Line]
    since: datetime
    ttl: timedelta
    editions: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Adjustment:
    """A change of what stands on the shelf, and the reason somebody gave for it.

    ``stock`` is what there was right after it; until it has been made there is a ``movement``.
    """

    id: str
    product_id: str
    delta: int
    reason: str
    created_at: datetime
    stock: Stock | None = None
    movement: Movement | None = None

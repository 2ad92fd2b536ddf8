"""A movement: one change of stock, which may touch several products and happens exactly once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from shop.product.model.product import Stock


class Op(StrEnum):
    """What a movement does to the stock of each product it names."""

    TAKE = "take"
    COMMIT = "commit"
    RELEASE = "release"
    EXPIRE = "expire"
    RETURN = "return"
    ADJUST = "adjust"

    @property
    def effect(self) -> tuple[int, int]:
        """By how much one piece changes (on hand, reserved)."""
        return _EFFECTS[self]

    @property
    def refusable(self) -> bool:
        """Whether there may be too little for it; the others only go forward once begun."""
        return self in (Op.TAKE, Op.ADJUST)


_EFFECTS = {
    Op.TAKE: (0, 1),
    Op.COMMIT: (-1, -1),
    Op.RELEASE: (0, -1),
    Op.EXPIRE: (0, -1),
    Op.RETURN: (1, 0),
    Op.ADJUST: (1, 0),
}


@dataclass(frozen=True)
class Movement:
    """A change of stock that has begun.

    ``id`` marks each product that it has reached. ``until``, by the database's clock, ends the
    lease of the process that carries it out, and with it the validity of its commands.
    ``editions``: it changes none of these products that has another edition by now.
    """

    id: str
    of: str
    op: Op
    until: datetime
    pieces: Mapping[str, int]
    editions: Mapping[str, int] = field(default_factory=dict)

    def change(self, product_id: str) -> Stock:
        """By how much the stock of a product changes."""
        on_hand, reserved = self.op.effect
        pieces = self.pieces[product_id]
        return Stock(on_hand * pieces, reserved * pieces)


@dataclass(frozen=True)
class Mark:
    """The trace of a movement on a product: it has been applied, or made void, there.

    ``taken``: how many pieces it has taken for an order; 0 for any other movement, and once they
    have been given back. ``old``: no command of its movement can be under way any more.
    """

    product_id: str
    movement_id: str
    of: str
    until: datetime
    taken: int = 0
    old: bool = False

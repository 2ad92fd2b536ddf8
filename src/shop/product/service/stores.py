"""What the use cases that move stock need of the database."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Protocol, TypeVar

from shop.common.page import Page
from shop.product.model import Hold, Mark, Movement, Op, Reservation, ShelfItem, State


class Shelf(Protocol):
    """The stock of the products, and the marks that movements leave on them."""

    async def look(self, product_ids: Sequence[str]) -> Mapping[str, ShelfItem]:
        """Return those of the products that exist."""

    def recall(self, product_ids: Sequence[str]) -> Mapping[str, ShelfItem]:
        """Return those of the products that were looked at lately; all of it may be different now.

        What ``apply`` has passed over since is not among them.
        """

    async def apply(self, movement: Movement) -> int:
        """Change the stock of the products it names, and mark each; return how many are marked.

        Passes over a product that is gone, that bears the mark, that has another edition than the
        movement names, that would be left with less than nothing available by a movement that takes
        from it, and all of them after ``until``. A void mark does not count.
        """

    async def pending(self, movement: Movement) -> bool:
        """Tell whether a product that exists is still without the mark."""

    async def seal(self, movement: Movement) -> bool:
        """Void the movement where it has not been applied; tell whether it has been everywhere.

        Afterwards it is never applied to a further product.
        """

    async def undo(self, movement: Movement) -> None:
        """Void the movement everywhere, and give back what it took."""

    def forget(self, movement: Movement) -> None:
        """Let go of the marks of a movement of which no command can be under way any more."""

    async def flush(self, rest_s: float = 0.0) -> None:
        """Erase the marks that were let go of ``rest_s`` ago, where no later movement has."""

    async def taken(self, order_id: str, product_ids: Sequence[str]) -> Sequence[Mark]:
        """Return the marks of takes for one order that hold pieces of these products."""

    async def left_behind(self, limit: int) -> Sequence[Mark]:
        """Return marks that are old, and those of takes that their process ought to have erased."""

    async def erase(self, marks: Sequence[Mark]) -> None:
        """Erase marks."""


class Entry(Protocol):
    """What a journal keeps: a reservation or an adjustment."""

    @property
    def id(self) -> str: ...  # noqa: D102

    @property
    def movement(self) -> Movement | None: ...  # noqa: D102


E = TypeVar("E", bound=Entry)


class Journal(Protocol[E]):
    """Entries, each of which may have one movement under way."""

    async def get(self, entry_id: str) -> E | None:
        """Return the entry as it stands, None where there is none."""

    async def take_over(self, entry: E, lease: timedelta) -> E | None:
        """Make an abandoned movement ours; None if its lease runs on, or somebody was faster."""

    async def close(self, entry: E) -> E | None:
        """End the movement, which has been applied; None if it is not ours any more."""

    async def drop(self, entry: E) -> bool:
        """Remove an entry that came to nothing; False if it is not ours any more."""

    async def abandoned(self, limit: int) -> Sequence[E]:
        """Return entries whose movement's lease has passed."""

    async def under_way(self, marks: Sequence[Mark]) -> set[str]:
        """Return the ids of those movements, of the ones that left these marks, still open here."""


class ReservationJournal(Journal[Reservation], Protocol):
    """The reservations, by order id. All its times are those of the database's clock."""

    async def hold(self, hold: Hold, taken_by: str) -> Reservation:
        """Write what a movement has taken, unless an entry stands there; return what stands then.

        A void one is written over, unless it is about this movement.
        """

    async def void(self, order_id: str, movement_id: str) -> Reservation:
        """Keep a movement from being held, unless it is; return what stands there then."""

    async def advance(self, order_id: str, op: Op, lease: timedelta) -> Reservation | None:
        """Begin the movement that leads from one state to the next (TRANSITIONS).

        None if the state is another one, a movement is under way, a hold that is to be committed
        is overdue, or one that is to expire is not.
        """

    async def find(self, state: State | None, cursor: str | None, limit: int) -> Page[Reservation]:
        """Return those that are shown (not VOID), newest order first; raise InvalidCursor."""

    async def bury(self, order_id: str) -> Reservation:
        """Write a released one without lines, unless one stands; return what stands there then.

        A void one is written over.
        """

    async def overdue(self, limit: int) -> Sequence[str]:
        """Return the order ids of held reservations whose time has passed."""

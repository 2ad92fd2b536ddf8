"""How stock is taken for an order: first the pieces, then one insert that decides.

Nothing is written down before the pieces are taken; the marks on the products tell for whom they
are, and until when their process has time. Whoever writes the order's entry first holds it, and the
entry names the movement that took. All other takes of the order are given back, by their own
process or by whoever meets their marks. Why this cannot go wrong is told in
docs/adr/0031-a-take-is-decided-by-one-insert.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from shop.common.ids import new_id
from shop.product.model import Hold, Mark, Movement, Op, Reservation, State
from shop.product.service.lines import Items
from shop.product.service.stores import ReservationJournal, Shelf


@dataclass(frozen=True)
class Reserved:
    """The reservation of an order, and whether this very call made it."""

    reservation: Reservation
    created: bool


class Takes:
    """Takes stock for orders, and settles the takes that a process has left half done."""

    def __init__(self, shelf: Shelf, journal: ReservationJournal, lease: timedelta) -> None:
        self._shelf = shelf
        self._journal = journal
        self._lease = lease

    async def take(self, hold: Hold) -> Reserved | None:
        """Take all that is to be held, or find what stands there; None if it came to nothing.

        Raises Unavailable if the outcome is not known: then the marks stay, to be settled.
        """
        movement = self._movement(hold)
        if await self._shelf.apply(movement) < len(movement.pieces):
            await self._give_back(movement)
            return None
        standing = await self._journal.hold(hold, movement.id)
        if standing.taken_by == movement.id:
            # Each command has been answered, so none can still be under way.
            self._shelf.forget(movement)
            return Reserved(standing, created=True)
        await self._give_back(movement)
        return None if standing.state is State.VOID else Reserved(standing, created=False)

    async def rivalled(self, order_id: str, items: Items) -> bool:
        """Tell whether other takes for the same order hold pieces; settle those that are late."""
        marks = await self._shelf.taken(order_id, list(items))
        for of_one in by_movement(marks):
            if any(mark.until < items[mark.product_id].seen_at for mark in of_one):
                await self.settle(of_one)
        return bool(marks)

    async def settle(self, marks: Sequence[Mark]) -> bool:
        """Give back what a take holds by these marks, unless it was decided that it holds them.

        Erase the marks where it was and they are old; tell whether it was given back. What is
        given back can never be held afterwards, however late its process wakes up.
        """
        movement = _of(marks)
        standing = await self._journal.void(movement.of, movement.id)
        if standing.taken_by == movement.id:
            await self._shelf.erase([mark for mark in marks if mark.old])
            return False
        await self._shelf.undo(movement)
        return True

    async def _give_back(self, movement: Movement) -> None:
        await self._shelf.undo(movement)
        self._shelf.forget(movement)

    def _movement(self, hold: Hold) -> Movement:
        pieces = {line.product_id: line.quantity for line in hold.lines}
        until = hold.since + self._lease
        return Movement(new_id("mov"), hold.order_id, Op.TAKE, until, pieces, hold.editions)


def by_movement(marks: Sequence[Mark]) -> list[list[Mark]]:
    """Return the marks of takes, those of each together."""
    together: dict[str, list[Mark]] = {}
    for mark in marks:
        if mark.taken:
            together.setdefault(mark.movement_id, []).append(mark)
    return list(together.values())


def _of(marks: Sequence[Mark]) -> Movement:
    """Return what left these marks, as far as they tell."""
    pieces: Mapping[str, int] = {mark.product_id: mark.taken for mark in marks}
    return Movement(marks[0].movement_id, marks[0].of, Op.TAKE, marks[0].until, pieces)

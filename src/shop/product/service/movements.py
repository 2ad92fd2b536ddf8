"""How a change of stock is applied exactly once, whatever dies on the way.

A movement is written into a journal, then applied to each product, then closed in the journal.
Each product that it has reached bears its mark. Only the process that holds the lease of an open
entry applies it; once the lease has passed, anybody may take the entry over and end it. Why this
cannot go wrong is told in docs/adr/0011-stock-by-guarded-updates.md.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import repeat
from typing import Generic, Protocol, TypeVar

from shop.common.errors import Unavailable
from shop.product.model import Mark, Movement, ShelfItem

LEASE = timedelta(seconds=4)
"""How long a process may work on an entry before others take it over."""

PAUSES_S = (0.01, 0.02, 0.04, 0.08, *repeat(0.15, 40))
"""How long to wait, each time, for others to settle the same entry: 6 s, longer than a lease."""


class LeaseLost(Unavailable):
    """This process was too slow: others now end what it had begun."""

    def __init__(self, of: str) -> None:
        super().__init__(f"It is not known yet how {of} ends; ask again shortly.")


class Shelf(Protocol):
    """The stock of the products, and the marks that movements leave on them."""

    async def look(self, product_ids: Sequence[str]) -> Mapping[str, ShelfItem]:
        """Return those of the products that exist."""

    async def apply(self, movement: Movement) -> int:
        """Change the stock of the products it names, and mark each; return how many are marked.

        Passes over a product that is gone, that bears the mark, that would be left with less
        than nothing available by a movement that takes from it, and all of them after ``until``.
        A void mark does not count.
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

    async def left_behind(self, limit: int) -> Sequence[Mark]:
        """Return marks so old that no command of their movement can be under way any more."""

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


class Movements(Generic[E]):
    """Carries the movements of one journal out."""

    def __init__(self, shelf: Shelf, journal: Journal[E], lease: timedelta = LEASE) -> None:
        self._shelf = shelf
        self._journal = journal
        self._lease = lease

    async def carry_out(self, entry: E) -> E | None:
        """Carry out what this process has begun; return None if there is too little for it.

        Raises LeaseLost if others end it, Unavailable if the outcome is not known: it is then
        ended by whoever comes by after the lease.
        """
        movement = _of(entry)
        if await self._shelf.apply(movement) < len(movement.pieces):
            if movement.op.refusable:
                await self._refuse(entry)
                self._shelf.forget(movement)
                return None
            await self._require_applied(movement)
        closed = await self._close(entry)
        # Each command has been answered and nobody took over, so none can still be under way.
        self._shelf.forget(movement)
        return closed

    async def finish(self, entry: E) -> bool:
        """End a movement that was abandoned, and say so; leave one whose lease runs on alone.

        Its marks stay until the sweeper finds them: late commands may still be under way.
        """
        ours = await self._journal.take_over(entry, self._lease)
        if ours is None:
            return False
        movement = _of(ours)
        if not movement.op.refusable:
            await self._shelf.apply(movement)
            await self._require_applied(movement)
        elif not await self._shelf.seal(movement):
            await self._refuse(ours)
            return True
        await self._close(ours)
        return True

    async def _refuse(self, entry: E) -> None:
        await self._shelf.undo(_of(entry))
        if not await self._journal.drop(entry):
            raise LeaseLost(entry.id)

    async def _require_applied(self, movement: Movement) -> None:
        if await self._shelf.pending(movement):
            raise LeaseLost(movement.of)

    async def _close(self, entry: E) -> E:
        closed = await self._journal.close(entry)
        if closed is None:
            raise LeaseLost(entry.id)
        return closed


def _of(entry: Entry) -> Movement:
    if entry.movement is None:
        raise ValueError(f"{entry.id} has no movement under way")
    return entry.movement

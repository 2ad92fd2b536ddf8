"""How a change of stock is applied exactly once, whatever dies on the way: any but a take.

A movement is written into a journal, then applied to each product, then closed in the journal.
Each product that it has reached bears its mark. Only the process that holds the lease of an open
entry applies it; once the lease has passed, anybody may take the entry over and end it. Why this
cannot go wrong is told in docs/adr/0011-stock-by-guarded-updates.md.
"""

from datetime import timedelta
from itertools import repeat
from typing import Generic

from shop.common.errors import Unavailable
from shop.product.model import Movement
from shop.product.service.stores import E, Entry, Journal, Shelf

LEASE = timedelta(seconds=4)
"""How long a process may work on an entry before others take it over."""

PAUSES_S = (0.01, 0.02, 0.04, 0.08, *repeat(0.15, 40))
"""How long to wait, each time, for others to settle the same entry: 6 s, longer than a lease."""


class LeaseLost(Unavailable):
    """This process was too slow: others now end what it had begun."""

    def __init__(self, of: str) -> None:
        super().__init__(f"It is not known yet how {of} ends; ask again shortly.")


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

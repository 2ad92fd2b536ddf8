"""The books are right whatever dies, for many seeds; and the check of the books can fail."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.fakes.product.chaos import Chaos, rampage
from tests.fakes.product.memory import Memory, MemoryMark
from tests.fakes.product.memory_journals import MemoryReservations
from tests.fakes.product.memory_shelf import MemoryShelf
from tests.fakes.product.stores import in_memory

from shop.product.model import Hold, Movement, Reservation, State, Stock

SEEDS = 150


def run_all(
    shelf: Callable[[Memory], MemoryShelf] = MemoryShelf,
    reservations: Callable[[Memory], MemoryReservations] = MemoryReservations,
) -> Counter[str]:
    faults: Counter[str] = Counter()
    for seed in range(SEEDS):
        try:
            faults += asyncio.run(rampage(Chaos(in_memory(shelf, reservations), seed)))
        except AssertionError as error:
            error.add_note(f"seed {seed}")
            raise
    return faults


def test_the_books_are_right_whatever_dies() -> None:
    assert set(run_all()) == {"before", "after", "within", "late", "stuck"}


class WithoutMarks(MemoryShelf):
    """A shelf that does not remember what it has applied."""

    async def apply(self, movement: Movement) -> int:
        applied = await super().apply(movement)
        for product_id in movement.pieces:
            self._memory.marks[product_id].clear()
        return applied


class WithoutSeal(MemoryShelf):
    """A shelf that does not keep late commands away from what is undone."""

    async def seal(self, movement: Movement) -> bool:
        return self._count_marked(movement) == len(movement.pieces)


class WithoutLease(MemoryShelf):
    """A shelf that takes commands whose lease has passed, and erases marks at once."""

    def __init__(self, memory: Memory) -> None:
        super().__init__(memory, linger=timedelta(0))

    async def apply(self, movement: Movement) -> int:
        return await super().apply(replace(movement, until=movement.until + timedelta(hours=1)))


class WithoutLimit(MemoryShelf):
    """A shelf that promises what is not there."""

    def _apply(self, movement: Movement, product_id: str) -> bool:
        if self._memory.mark(product_id, movement) or movement.until <= self._memory.now:
            return False
        stock: Stock = self._memory.move(product_id, movement.change(product_id))
        mark = MemoryMark(movement.id, movement.of, movement.until, stock=stock)
        self._memory.marks[product_id].append(mark)
        return True


@pytest.mark.parametrize("broken", [WithoutMarks, WithoutSeal, WithoutLease, WithoutLimit])
def test_the_check_finds_each_guard_that_is_missing(
    broken: Callable[[Memory], MemoryShelf],
) -> None:
    with pytest.raises(AssertionError):
        run_all(broken)


class WithoutVoid(MemoryReservations):
    """A journal that keeps nothing of an attempt that came to nothing."""

    async def void(self, order_id: str, movement_id: str) -> Reservation:
        standing = await super().void(order_id, movement_id)
        if standing.state is State.VOID:
            del self._entries[order_id]
            self._memory.voided.clear()
        return standing


class WithoutVoided(MemoryReservations):
    """A journal that does not remember which attempts came to nothing."""

    async def void(self, order_id: str, movement_id: str) -> Reservation:
        standing = await super().void(order_id, movement_id)
        self._memory.voided.clear()
        return standing


class WithoutDuplicates(MemoryReservations):
    """A journal where the last to hold wins."""

    async def hold(self, hold: Hold, taken_by: str) -> Reservation:
        standing = self._entries.get(hold.order_id)
        if standing and standing.state is State.HELD and not standing.movement:
            del self._entries[hold.order_id]
        return await super().hold(hold, taken_by)


@pytest.mark.parametrize("broken", [WithoutVoid, WithoutVoided, WithoutDuplicates])
def test_the_check_finds_each_guard_of_the_journal_that_is_missing(
    broken: Callable[[Memory], MemoryReservations],
) -> None:
    with pytest.raises(AssertionError):
        run_all(reservations=broken)

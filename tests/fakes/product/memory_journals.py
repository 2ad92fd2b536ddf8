"""The journals in memory: the same behaviour, held to the same suite, no I/O."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from tests.fakes.product.memory import Memory

from shop.common.ids import new_id
from shop.common.page import Cursors, Page, cut
from shop.product.model import (
    TRANSITIONS,
    Adjustment,
    Hold,
    Mark,
    Movement,
    Op,
    Reservation,
    State,
)

E = TypeVar("E", Reservation, Adjustment)


class MemoryJournal(Generic[E]):
    """What both journals have in common."""

    def __init__(self, memory: Memory, entries: dict[str, E]) -> None:
        self._memory = memory
        self._entries = entries

    async def get(self, entry_id: str) -> E | None:
        await asyncio.sleep(0)
        return self._entries.get(entry_id)

    async def take_over(self, entry: E, lease: timedelta) -> E | None:
        await asyncio.sleep(0)
        movement = entry.movement
        if not movement or not self._is_as_it_was(entry) or movement.until >= self._memory.now:
            return None
        renewed = replace(movement, until=self._memory.now + lease)
        self._entries[entry.id] = replace(entry, movement=renewed)
        return self._entries[entry.id]

    async def close(self, entry: E) -> E | None:
        await asyncio.sleep(0)
        if not self._is_as_it_was(entry):
            return None
        self._entries[entry.id] = replace(entry, movement=None)
        return self._entries[entry.id]

    async def drop(self, entry: E) -> bool:
        await asyncio.sleep(0)
        if not self._is_as_it_was(entry):
            return False
        del self._entries[entry.id]
        return True

    async def abandoned(self, limit: int) -> Sequence[E]:
        await asyncio.sleep(0)
        moving = [e for e in self._entries.values() if e.movement]
        return [e for e in moving if e.movement and e.movement.until < self._memory.now][:limit]

    async def under_way(self, marks: Sequence[Mark]) -> set[str]:
        await asyncio.sleep(0)
        moving = {e.movement.id for e in self._entries.values() if e.movement}
        return moving & {mark.movement_id for mark in marks}

    def _is_as_it_was(self, entry: E) -> bool:
        stored = self._entries.get(entry.id)
        return stored is not None and stored.movement == entry.movement


class MemoryReservations(MemoryJournal[Reservation]):
    """The reservations."""

    def __init__(self, memory: Memory) -> None:
        super().__init__(memory, memory.reservations)

    async def hold(self, hold: Hold, taken_by: str) -> Reservation:
        await asyncio.sleep(0)
        standing = self._entries.get(hold.order_id)
        if standing and taken_by in self._memory.voided.get(hold.order_id, ()):
            return standing
        return self._put(
            Reservation(
                hold.order_id,
                State.HELD,
                hold.lines,
                hold.since + hold.ttl,
                hold.since,
                1,
                taken_by=taken_by,
            )
        )

    async def void(self, order_id: str, movement_id: str) -> Reservation:
        await asyncio.sleep(0)
        standing = self._put(Reservation(order_id, State.VOID, [], None, self._memory.now, 1))
        if standing.state is State.VOID:
            self._memory.voided.setdefault(order_id, set()).add(movement_id)
        return standing

    async def advance(self, order_id: str, op: Op, lease: timedelta) -> Reservation | None:
        await asyncio.sleep(0)
        found = self._entries.get(order_id)
        source, target = TRANSITIONS[op]
        if found is None or found.state is not source or found.movement:
            return None
        overdue = found.expires_at is not None and found.expires_at <= self._memory.now
        if (op is Op.COMMIT and overdue) or (op is Op.EXPIRE and not overdue):
            return None
        return self._begin(
            replace(found, state=target, version=found.version + 1), op, self._memory.now + lease
        )

    async def find(self, state: State | None, cursor: str | None, limit: int) -> Page[Reservation]:
        await asyncio.sleep(0)
        cursors = Cursors.of("reservations", state=state)
        shown = [r for r in self._entries.values() if r.state is not State.VOID]
        shown = [r for r in shown if state in (None, r.state)]
        if cursor is not None:
            (last,) = cursors.decode(cursor, str)
            shown = [r for r in shown if r.id < last]
        shown.sort(key=lambda r: r.id, reverse=True)
        return cut(shown[: limit + 1], limit, lambda r: cursors.encode(r.id))

    async def bury(self, order_id: str) -> Reservation:
        await asyncio.sleep(0)
        return self._put(Reservation(order_id, State.RELEASED, [], None, self._memory.now, 1))

    async def overdue(self, limit: int) -> Sequence[str]:
        await asyncio.sleep(0)
        held = [r for r in self._entries.values() if r.state is State.HELD and r.expires_at]
        return [r.id for r in held if r.expires_at and r.expires_at <= self._memory.now][:limit]

    def _put(self, fresh: Reservation) -> Reservation:
        standing = self._entries.get(fresh.id)
        if standing is None or standing.state is State.VOID:
            self._entries[fresh.id] = fresh
        return self._entries[fresh.id]

    def _begin(self, entry: Reservation, op: Op, until: datetime) -> Reservation:
        movement = Movement(new_id("mov"), entry.id, op, until, entry.pieces)
        self._entries[entry.id] = replace(entry, movement=movement)
        return self._entries[entry.id]


class MemoryAdjustments(MemoryJournal[Adjustment]):
    """The adjustments."""

    def __init__(self, memory: Memory) -> None:
        super().__init__(memory, memory.adjustments)

    async def begin(
        self, adjustment_id: str, product_id: str, delta: int, reason: str, lease: timedelta
    ) -> tuple[Adjustment, bool]:
        await asyncio.sleep(0)
        if adjustment_id in self._entries:
            return self._entries[adjustment_id], False
        now, pieces = self._memory.now, {product_id: delta}
        movement = Movement(new_id("mov"), adjustment_id, Op.ADJUST, now + lease, pieces)
        adjustment = Adjustment(adjustment_id, product_id, delta, reason, now, movement=movement)
        self._entries[adjustment_id] = adjustment
        return adjustment, True

    async def close(self, entry: Adjustment) -> Adjustment | None:
        movement = entry.movement
        if not movement or entry.product_id not in self._memory.products:
            return None
        mark = self._memory.mark(entry.product_id, movement)
        closed = await super().close(entry)
        if closed is None or mark is None:
            return None
        self._entries[entry.id] = replace(closed, stock=mark.stock)
        return self._entries[entry.id]

    async def find(self, product_id: str, cursor: str | None, limit: int) -> Page[Adjustment]:
        await asyncio.sleep(0)
        cursors = Cursors.of("stockAdjustments", product_id=product_id)
        made = [a for a in self._entries.values() if a.product_id == product_id and a.stock]
        if cursor is not None:
            (last,) = cursors.decode(cursor, str)
            made = [a for a in made if a.id < last]
        made.sort(key=lambda a: a.id, reverse=True)
        return cut(made[: limit + 1], limit, lambda a: cursors.encode(a.id))

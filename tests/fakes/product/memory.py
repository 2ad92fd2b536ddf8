"""The product service's stores in memory: the same behaviour, held to the same suite, no I/O.

Every operation is one atomic step, as it is in the database, and lets others go first.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Generic, TypeVar

from shop.common.ids import new_id
from shop.common.page import Cursors, Page, cut
from shop.common.representation import Listed, Representation
from shop.product.errors import ProductNotFound, SkuTaken
from shop.product.model import (
    TRANSITIONS,
    Adjustment,
    Hold,
    Mark,
    Movement,
    Op,
    Product,
    ProductDetails,
    ProductFilter,
    Reservation,
    ShelfItem,
    State,
    Stock,
)


@dataclass
class MemoryMark:
    """A mark on a product, as the database has it."""

    id: str
    of: str
    until: datetime
    void: bool = False
    stock: Stock | None = None


@dataclass
class Memory:
    """What a database holds, and its clock."""

    products: dict[str, Product] = field(default_factory=dict)
    marks: dict[str, list[MemoryMark]] = field(default_factory=dict)
    reservations: dict[str, Reservation] = field(default_factory=dict)
    adjustments: dict[str, Adjustment] = field(default_factory=dict)
    now: datetime = datetime(2026, 1, 31, 12, tzinfo=UTC)

    def mark(self, product_id: str, movement: Movement) -> MemoryMark | None:
        """Return the movement's mark on a product."""
        return next((m for m in self.marks[product_id] if m.id == movement.id), None)

    def move(self, product_id: str, change: Stock, sign: int = 1) -> Stock:
        """Change a product's stock."""
        product = self.products[product_id]
        stock = Stock(
            product.stock.on_hand + sign * change.on_hand,
            product.stock.reserved + sign * change.reserved,
        )
        self.products[product_id] = replace(product, stock=stock, version=product.version + 1)
        return stock


class MemoryProducts:
    """The catalogue."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def add(self, product: Product) -> None:
        await asyncio.sleep(0)
        self._require_free(product.details.sku, product.id)
        self._memory.products[product.id] = product
        self._memory.marks[product.id] = []

    async def get(self, product_id: str) -> Product:
        await asyncio.sleep(0)
        if product_id not in self._memory.products:
            raise ProductNotFound(product_id)
        return self._memory.products[product_id]

    async def view(self, product_id: str) -> Representation:
        return _shown(await self.get(product_id))

    async def find(self, chosen: ProductFilter, cursor: str | None, limit: int) -> Page[Listed]:
        await asyncio.sleep(0)
        cursors = Cursors.of("products", **vars(chosen))

        def place(product: Product) -> tuple[int, str]:
            return int(chosen.q == product.details.sku), product.id

        found = [p for p in self._memory.products.values() if _matches(p, chosen)]
        if cursor is not None:
            last = tuple(cursors.decode(cursor, int, str))
            found = [p for p in found if place(p) < last]
        found.sort(key=place, reverse=True)
        page = cut(found[: limit + 1], limit, lambda p: cursors.encode(*place(p)))
        return Page([Listed(p.id, _shown(p)) for p in page.items], page.next_cursor)

    async def replace(
        self,
        product_id: str,
        details: ProductDetails,
        at: datetime,
        *,
        versions: frozenset[int] | None = None,
        edition: int | None = None,
    ) -> Product | None:
        await asyncio.sleep(0)
        present = self._memory.products.get(product_id)
        if present is None or (versions is not None and present.version not in versions):
            return None
        if edition is not None and present.edition != edition:
            return None
        self._require_free(details.sku, product_id)
        changed = replace(
            present,
            details=details,
            updated_at=at,
            version=present.version + 1,
            edition=present.edition + 1,
        )
        self._memory.products[product_id] = changed
        return changed

    async def remove(self, product_id: str, versions: frozenset[int] | None) -> bool:
        await asyncio.sleep(0)
        present = self._memory.products.get(product_id)
        if present is None or present.stock.reserved:
            return False
        if versions is not None and present.version not in versions:
            return False
        del self._memory.products[product_id]
        return True

    def _require_free(self, sku: str, product_id: str) -> None:
        for product in self._memory.products.values():
            if product.details.sku == sku and product.id != product_id:
                raise SkuTaken(sku)


def _matches(product: Product, chosen: ProductFilter) -> bool:
    details = product.details
    text = f"{details.name} {details.sku} {details.category} {details.description}".lower()
    return (
        (chosen.q is None or any(word in text.split() for word in chosen.q.lower().split()))
        and (chosen.category is None or details.category == chosen.category)
        and (chosen.ids is None or product.id in chosen.ids)
        and (chosen.min_price is None or details.price.amount >= chosen.min_price)
        and (chosen.max_price is None or details.price.amount <= chosen.max_price)
    )


class MemoryShelf:
    """The stock, and the marks of movements."""

    def __init__(self, memory: Memory, linger: timedelta = timedelta(seconds=60)) -> None:
        self._memory = memory
        self._linger = linger
        self._forgotten: dict[str, float] = {}  # when

    async def look(self, product_ids: Sequence[str]) -> Mapping[str, ShelfItem]:
        await asyncio.sleep(0)
        found = [self._memory.products[p] for p in product_ids if p in self._memory.products]
        return {
            p.id: ShelfItem(
                p.details.sku, p.details.name, p.details.price, p.stock, self._memory.now
            )
            for p in found
        }

    async def apply(self, movement: Movement) -> int:
        for product_id in movement.pieces:
            await asyncio.sleep(0)
            self._apply(movement, product_id)
        return self._count_marked(movement)

    def _apply(self, movement: Movement, product_id: str) -> bool:
        product = self._memory.products.get(product_id)
        if product is None or self._memory.mark(product_id, movement):
            return False
        change = movement.change(product_id)
        short = change.available < 0 and product.stock.available + change.available < 0
        if short or movement.until <= self._memory.now:
            return False
        stock = self._memory.move(product_id, change)
        mark = MemoryMark(movement.id, movement.of, movement.until, stock=stock)
        self._memory.marks[product_id].append(mark)
        return True

    async def pending(self, movement: Movement) -> bool:
        await asyncio.sleep(0)
        return any(not self._memory.mark(p, movement) for p in self._there(movement))

    async def seal(self, movement: Movement) -> bool:
        await asyncio.sleep(0)
        for product_id in self._there(movement):
            if not self._memory.mark(product_id, movement):
                void = MemoryMark(movement.id, movement.of, movement.until, void=True)
                self._memory.marks[product_id].append(void)
        return self._count_marked(movement) == len(movement.pieces)

    async def undo(self, movement: Movement) -> None:
        await self.seal(movement)
        for product_id in self._there(movement):
            mark = self._memory.mark(product_id, movement)
            if mark and not mark.void:
                self._memory.move(product_id, movement.change(product_id), -1)
                mark.void = True

    def forget(self, movement: Movement) -> None:
        self._forgotten[movement.id] = monotonic()

    async def flush(self, rest_s: float = 0.0) -> None:
        await asyncio.sleep(0)
        old = {i for i, since_s in self._forgotten.items() if since_s <= monotonic() - rest_s}
        for product_id, marks in self._memory.marks.items():
            self._memory.marks[product_id] = [m for m in marks if m.id not in old]
        for movement_id in old:
            del self._forgotten[movement_id]

    async def left_behind(self, limit: int) -> Sequence[Mark]:
        await asyncio.sleep(0)
        return [
            Mark(product_id, mark.id, mark.of)
            for product_id, marks in self._memory.marks.items()
            for mark in marks
            if mark.until < self._memory.now - self._linger
        ][:limit]

    async def erase(self, marks: Sequence[Mark]) -> None:
        await asyncio.sleep(0)
        for mark in marks:
            kept = [m for m in self._memory.marks[mark.product_id] if m.id != mark.movement_id]
            self._memory.marks[mark.product_id] = kept

    def _count_marked(self, movement: Movement) -> int:
        marks = [self._memory.mark(p, movement) for p in self._there(movement)]
        return len([m for m in marks if m and not m.void])

    def _there(self, movement: Movement) -> list[str]:
        return [p for p in movement.pieces if p in self._memory.products]


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

    async def begin(self, hold: Hold, lease: timedelta) -> Reservation | None:
        await asyncio.sleep(0)
        if hold.order_id in self._entries:
            return None
        expires_at = hold.since + hold.ttl
        fresh = Reservation(hold.order_id, State.TAKING, hold.lines, expires_at, hold.since, 1)
        return self._begin(fresh, Op.TAKE, hold.since + lease)

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

    async def close(self, entry: Reservation) -> Reservation | None:
        closed = await super().close(entry)
        if closed and closed.state is State.TAKING:
            closed = self._entries[entry.id] = replace(closed, state=State.HELD)
        return closed

    async def find(self, state: State | None, cursor: str | None, limit: int) -> Page[Reservation]:
        await asyncio.sleep(0)
        cursors = Cursors.of("reservations", state=state)
        shown = [r for r in self._entries.values() if r.state is not State.TAKING]
        shown = [r for r in shown if state in (None, r.state)]
        if cursor is not None:
            (last,) = cursors.decode(cursor, str)
            shown = [r for r in shown if r.id < last]
        shown.sort(key=lambda r: r.id, reverse=True)
        return cut(shown[: limit + 1], limit, lambda r: cursors.encode(r.id))

    async def bury(self, order_id: str) -> Reservation:
        await asyncio.sleep(0)
        tombstone = Reservation(order_id, State.RELEASED, [], None, self._memory.now, 1)
        return self._entries.setdefault(order_id, tombstone)

    async def overdue(self, limit: int) -> Sequence[str]:
        await asyncio.sleep(0)
        held = [r for r in self._entries.values() if r.state is State.HELD and r.expires_at]
        return [r.id for r in held if r.expires_at and r.expires_at <= self._memory.now][:limit]

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


def _shown(product: Product) -> Representation:
    return Representation(product.version, product.details.name.encode())

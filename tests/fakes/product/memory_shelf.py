"""The stock in memory, and the marks that movements leave: held to the suite of the real one."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from time import monotonic

from tests.fakes.product.memory import Memory, MemoryMark

from shop.product.model import Mark, Movement, Op, ShelfItem
from shop.product.repository.marks import GRACE, LINGER
from shop.product.repository.recent import RecentItems


class MemoryShelf:
    """The stock, and the marks of movements."""

    def __init__(self, memory: Memory, linger: timedelta = LINGER) -> None:
        self._memory = memory
        self._linger = linger
        self._recent = RecentItems()
        self.recall = self._recent.recall
        self._forgotten: dict[str, float] = {}  # when

    async def look(self, product_ids: Sequence[str]) -> Mapping[str, ShelfItem]:
        await asyncio.sleep(0)
        found = [self._memory.products[p] for p in product_ids if p in self._memory.products]
        items = {
            p.id: ShelfItem(
                p.details.sku, p.details.name, p.details.price, p.edition, p.stock, self._memory.now
            )
            for p in found
        }
        self._recent.see(items)
        return items

    async def apply(self, movement: Movement) -> int:
        for product_id in movement.pieces:
            await asyncio.sleep(0)
            self._apply(movement, product_id)
        marked = self._count_marked(movement)
        self._recent.moved(movement, marked)
        return marked

    def _apply(self, movement: Movement, product_id: str) -> bool:
        product = self._memory.products.get(product_id)
        if product is None or self._memory.mark(product_id, movement):
            return False
        if movement.editions.get(product_id, product.edition) != product.edition:
            return False
        change = movement.change(product_id)
        short = change.available < 0 and product.stock.available + change.available < 0
        if short or movement.until <= self._memory.now:
            return False
        stock = self._memory.move(product_id, change)
        taken = movement.pieces[product_id] if movement.op is Op.TAKE else 0
        mark = MemoryMark(movement.id, movement.of, movement.until, taken=taken, stock=stock)
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
                mark.taken = 0

    def forget(self, movement: Movement) -> None:
        self._forgotten[movement.id] = monotonic()

    async def flush(self, rest_s: float = 0.0) -> None:
        await asyncio.sleep(0)
        old = {i for i, since_s in self._forgotten.items() if since_s <= monotonic() - rest_s}
        for product_id, marks in self._memory.marks.items():
            self._memory.marks[product_id] = [m for m in marks if m.id not in old]
        for movement_id in old:
            del self._forgotten[movement_id]

    async def taken(self, order_id: str, product_ids: Sequence[str]) -> Sequence[Mark]:
        await asyncio.sleep(0)
        there = [mark for mark in self._marks() if mark.product_id in product_ids]
        return [mark for mark in there if mark.of == order_id and mark.taken]

    async def left_behind(self, limit: int) -> Sequence[Mark]:
        await asyncio.sleep(0)
        late = self._memory.now - min(GRACE, self._linger)
        return [m for m in self._marks() if m.old or (m.taken and m.until < late)][:limit]

    async def erase(self, marks: Sequence[Mark]) -> None:
        await asyncio.sleep(0)
        for mark in marks:
            kept = [m for m in self._memory.marks[mark.product_id] if m.id != mark.movement_id]
            self._memory.marks[mark.product_id] = kept

    def _marks(self) -> list[Mark]:
        before = self._memory.now - self._linger
        return [
            Mark(product_id, mark.id, mark.of, mark.until, mark.taken, mark.until < before)
            for product_id, marks in self._memory.marks.items()
            for mark in marks
        ]

    def _count_marked(self, movement: Movement) -> int:
        marks = [self._memory.mark(p, movement) for p in self._there(movement)]
        return len([m for m in marks if m and not m.void])

    def _there(self, movement: Movement) -> list[str]:
        return [p for p in movement.pieces if p in self._memory.products]

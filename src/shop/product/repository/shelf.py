"""The stock of the products in MongoDB, changed by guarded updates of single documents only."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from shop.common.gathered import Gathered
from shop.common.mongo import Collection, mongo_errors
from shop.product.model import Movement, Op, ShelfItem
from shop.product.repository.documents import shelf_item_of
from shop.product.repository.marks import LINGER, MongoMarks
from shop.product.repository.recent import RecentItems
from shop.product.repository.stock_updates import applied, sealed, undone

_SHELF_ITEM = {
    **dict.fromkeys(("sku", "name", "price", "edition", "stock"), True),
    "now": "$$NOW",
}

Changed = Callable[[Sequence[str]], Awaitable[None]]
"""Is told the ids of products whose stock has, or may have, changed: a cache, for instance."""


Table = Mapping[str, Sequence[Movement]]
"""The movements that go by one update, by product."""


async def nobody(_product_ids: Sequence[str]) -> None:
    """Tell nobody."""


class MongoShelf(MongoMarks):
    """What stands on the shelf, and the marks of movements under way."""

    def __init__(
        self, products: Collection, changed: Changed = nobody, linger: timedelta = LINGER
    ) -> None:
        super().__init__(products, linger)
        self._changed = changed
        self._recent = RecentItems()
        self.recall = self._recent.recall
        self._look = Gathered(self._look_together)
        self._apply = Gathered(self._apply_together)

    async def look(self, product_ids: Sequence[str]) -> Mapping[str, ShelfItem]:
        """Return those of the products that exist."""
        return await self._look(product_ids)

    async def _look_together(
        self, wishes: Sequence[Sequence[str]]
    ) -> Sequence[Mapping[str, ShelfItem]]:
        ids = list({product_id for wish in wishes for product_id in wish})
        with mongo_errors():
            found = await self._products.find({"_id": {"$in": ids}}, _SHELF_ITEM).to_list()
        items = {document["_id"]: shelf_item_of(document) for document in found}
        self._recent.see(items)
        return [{p: items[p] for p in wish if p in items} for wish in wishes]

    async def apply(self, movement: Movement) -> int:
        """Change the stock of the products it names, and mark each; return how many are marked."""
        reached = await self._apply(movement)
        self._recent.moved(movement, reached)
        return reached

    async def _apply_together(self, movements: Sequence[Movement]) -> Sequence[int]:
        """Apply movements: all that touch one product by one update of it.

        Where that is too much at once each is tried alone, so as many succeed as there is for.
        """
        tables = _tables(movements)
        async with self._telling(dict.fromkeys(p for table in tables for p in table)):
            if await self._apply_each(tables):
                return [len(movement.pieces) for movement in movements]
            reached = await self._reached(movements)
            many = [
                (p, m) for table in tables for p, ms in table.items() if len(ms) > 1 for m in ms
            ]
            alone: list[Table] = [{p: [m]} for p, m in many if (p, m.id) not in reached]
            if alone:
                await self._apply_each(alone)
                reached = await self._reached(movements)
        return [sum((p, m.id) in reached for p in m.pieces) for m in movements]

    async def _apply_each(self, tables: Sequence[Table]) -> bool:
        """Apply each table by an update of its own; tell whether all products were changed."""
        if not tables:  # movements without pieces
            return True
        closed: dict[str, list[str]] = {}
        updates = []
        for table in tables:
            erasing = {p: sorted(self._forgotten.get(p, ())) for p in table if p not in closed}
            closed |= erasing
            updates.append(applied(table, erasing))
        sent = await self._send(updates)
        if sent.again:
            self._unsure.update(m.id for table in tables for ms in table.values() for m in ms)
        done = sent.result.modified_count == sum(len(table) for table in tables)
        if done:
            self._let_go(closed)
        return done

    async def _reached(self, movements: Sequence[Movement]) -> set[tuple[str, str]]:
        """Return to which products which movements have been applied; void marks do not count."""
        ids = {movement.id for movement in movements}
        products = {p for movement in movements for p in movement.pieces}
        marked = {"_id": {"$in": list(products)}, "marks.id": {"$in": list(ids)}}
        with mongo_errors():
            found = await self._products.find(marked, {"marks": True}).to_list()
        marks = [(document["_id"], mark) for document in found for mark in document["marks"]]
        return {(p, mark["id"]) for p, mark in marks if mark["id"] in ids and "void" not in mark}

    async def seal(self, movement: Movement) -> bool:
        """Void the movement where it has not been applied; tell whether it has been everywhere."""
        await self._update([sealed(movement, p) for p in movement.pieces])
        return len(await self._reached([movement])) == len(movement.pieces)

    async def undo(self, movement: Movement) -> None:
        """Void the movement everywhere, and give back what it took."""
        async with self._telling(movement.pieces):
            await self._update([undone(movement, p) for p in movement.pieces])

    @asynccontextmanager
    async def _telling(self, product_ids: Iterable[str]) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await self._changed(list(product_ids))


def _tables(movements: Sequence[Movement]) -> list[Table]:
    """Return what goes together: all movements of a product; but those each alone that must.

    An adjustment does, as it tells the stock right after it. So does a movement that is here twice
    (who was too slow, and who took over from them), as it happens once.
    """
    together: dict[str, dict[str, Movement]] = {}
    alone: list[Table] = []
    for movement in movements:
        for p in movement.pieces:
            group = together.setdefault(p, {})
            if movement.op is Op.ADJUST or movement.id in group:
                alone.append({p: [movement]})
            else:
                group[movement.id] = movement
    table = {p: [*group.values()] for p, group in together.items() if group}
    return [table, *alone] if table else alone

"""The marks that movements leave on products in MongoDB: read, let go of, and erased."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from time import monotonic

from pymongo import UpdateMany, UpdateOne

from shop.common.bulk import Sent, write_together
from shop.common.gathered import MOST, Gathered
from shop.common.mongo import Collection, Document, mongo_errors
from shop.product.model import Mark, Movement
from shop.product.repository.server_clock import server_now
from shop.product.repository.stock_updates import erased

LINGER = timedelta(seconds=60)
"""How long after its lease a mark stays at least, unless it was let go of: longer than the server
may take over a command that it has received, and than its clock may jump at a change of primary."""

GRACE = timedelta(seconds=10)
"""How long after its lease the mark of a take is left alone: until then the process that has let go
of it has erased it."""


RESTED = timedelta(minutes=10)
"""How long nobody must have taken of a product for ``marked`` to go, by which its marks are found:
what touches that makes the keys of all the product's indexes anew."""


class MongoMarks:
    """The marks on the products. The first that is let go of on each product is timed."""

    def __init__(self, products: Collection, linger: timedelta = LINGER) -> None:
        self._products = products
        self._linger = linger
        self._forgotten: defaultdict[str, set[str]] = defaultdict(set)
        self._since_s: dict[str, float] = {}  # by product, from when on it has some
        self._unsure: set[str] = set()
        self._taken = Gathered(self._taken_together)

    async def taken(self, order_id: str, product_ids: Sequence[str]) -> Sequence[Mark]:
        """Return the marks of takes for one order that hold pieces of these products."""
        return await self._taken((order_id, product_ids))

    async def _taken_together(
        self, asked: Sequence[tuple[str, Sequence[str]]]
    ) -> Sequence[Sequence[Mark]]:
        order_ids = [order_id for order_id, _ in asked]
        product_ids = {p for _, product_ids in asked for p in product_ids}
        chosen = {"_id": {"$in": list(product_ids)}, "marks.of": {"$in": order_ids}}
        marks = [mark for mark in await self._find(chosen) if mark.taken]
        return [[m for m in marks if m.of == of and m.product_id in ps] for of, ps in asked]

    async def pending(self, movement: Movement) -> bool:
        """Tell whether a product that exists is still without the mark."""
        unmarked = {"_id": {"$in": list(movement.pieces)}, "marks.id": {"$ne": movement.id}}
        with mongo_errors():
            return await self._products.find_one(unmarked, {"_id": True}) is not None

    def forget(self, movement: Movement) -> None:
        """Let go of its marks: the next movement of the same product erases them, or ``flush``.

        That keeps them few on a product in demand, and costs no write of its own there. One that
        was sent twice keeps its marks for the sweeper: the first command may yet be under way.
        """
        sure = movement.id not in self._unsure
        self._unsure.discard(movement.id)
        for product_id in movement.pieces if sure else ():
            self._forgotten[product_id].add(movement.id)
            self._since_s.setdefault(product_id, monotonic())

    async def flush(self, rest_s: float = 0.0) -> None:
        """Erase the marks that were let go of ``rest_s`` ago, where no later movement has."""
        before_s = monotonic() - rest_s
        old = [p for p, since_s in self._since_s.items() if since_s <= before_s]
        for first in range(0, len(old), MOST):  # a command must not take long
            chosen = [p for p in old[first : first + MOST] if p in self._forgotten]
            closed = {p: sorted(self._forgotten[p]) for p in chosen}
            await self._erase(closed)
            self._let_go(closed)

    async def left_behind(self, limit: int) -> Sequence[Mark]:
        """Return marks that are old, and those of takes that their process ought to have erased.

        Products that have borne none for long are taken out of the index that they are found by.
        """
        now = await server_now(self._products)
        late, old = now - min(GRACE, self._linger), now - self._linger
        await self._unmark(now - RESTED)
        chosen = {"marked": True, "marks.until": {"$lt": late}}
        marks = await self._find(chosen, limit, old)
        return [mark for mark in marks if mark.old or (mark.taken and mark.until < late)]

    async def _unmark(self, before: datetime) -> None:
        """Take products out of the index that bear no mark, and of which none was taken since."""
        rested = {"marked": True, "marks": [], "updatedAt": {"$lt": before}}
        with mongo_errors():
            await self._products.update_many(rested, {"$unset": {"marked": ""}})

    async def erase(self, marks: Sequence[Mark]) -> None:
        """Erase marks."""
        closed = defaultdict(list)
        for mark in marks:
            closed[mark.product_id].append(mark.movement_id)
        await self._erase(closed)

    async def _find(
        self, chosen: Document, limit: int = 0, old: datetime | None = None
    ) -> list[Mark]:
        """Return the marks of the chosen products; those with a lease before ``old`` are that."""
        with mongo_errors():
            found = await self._products.find(chosen, {"marks": True}).limit(limit).to_list()
        return [
            _mark_of(document["_id"], mark, old) for document in found for mark in document["marks"]
        ]

    async def _erase(self, closed: Mapping[str, Sequence[str]]) -> None:
        await self._update([erased(p, movement_ids) for p, movement_ids in closed.items()])

    def _let_go(self, erased: Mapping[str, Sequence[str]]) -> None:
        for product_id, movement_ids in erased.items():
            self._forgotten[product_id].difference_update(movement_ids)
            if not self._forgotten[product_id]:
                del self._forgotten[product_id]
                self._since_s.pop(product_id, None)

    async def _update(self, updates: Sequence[UpdateOne]) -> None:
        if updates:
            await self._send(updates)

    async def _send(self, updates: Sequence[UpdateOne | UpdateMany]) -> Sent:
        """Send all updates in one command."""
        with mongo_errors():
            return await write_together(self._products, updates)


def _mark_of(product_id: str, stored: Document, old: datetime | None) -> Mark:
    return Mark(
        product_id,
        stored["id"],
        stored["of"],
        stored["until"],
        0 if "void" in stored else stored.get("taken", 0),
        old is not None and stored["until"] < old,
    )

"""The writes of orders: those that come at the same time go as one command.

A change names the very state that it was decided on: ``fence`` and ``version``, which between them
count every write. So where its condition was met, what is stored then is known without reading it.
The database tells only how many conditions were met. If some were not, the documents are asked
which: each change leaves word of itself in ``wrote``, where that of the last few stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from secrets import randbits
from typing import Any

from pymongo import UpdateOne

from shop.common.bulk import insert_together, update_together
from shop.common.gathered import Gathered
from shop.common.mongo import Collection, Document, mongo_errors
from shop.order import documents
from shop.order.model import Order

EVENTS_KEPT = 500
_WORDS_KEPT = 8
"""More writes of one order than this do not pass between a change and the question after it."""

_next_word = count(randbits(62)).__next__


@dataclass(frozen=True)
class Change:
    """What to make of an order that is still as ``before``."""

    before: Order
    update: Document


class OrderWrites:
    """The orders that come new, and the changes of those that are there."""

    def __init__(self, orders: Collection) -> None:
        self._orders = orders
        self.insert = Gathered(self._insert)
        self.change = Gathered(self._change)

    async def _insert(self, orders: Sequence[Document]) -> Sequence[bool | Exception]:
        """Insert documents of orders; tell of each whether its id was free."""
        return await insert_together(self._orders, orders)

    async def _change(self, changes: Sequence[Change]) -> Sequence[bool | Exception]:
        """Make changes; tell of each whether its order was still as it was decided on."""
        words = [_next_word() for _ in changes]
        updates = [
            UpdateOne(_as_it_was(change.before), _with_word(change.update, word))
            for change, word in zip(changes, words, strict=True)
        ]
        done = await update_together(self._orders, updates)
        if done.matched == len(changes):
            return [True] * len(changes)
        made = await self._found(changes, words) if done.matched else set()
        return [done.faults.get(n, word in made) for n, word in enumerate(words)]

    async def _found(self, changes: Sequence[Change], words: Sequence[int]) -> set[int]:
        asked = {"_id": {"$in": list({change.before.id for change in changes})}}
        with mongo_errors():
            found = await self._orders.find(asked, {"wrote": True}).to_list()
        return {word for document in found for word in document.get("wrote", ())}.intersection(
            words
        )


def update_of(order: Order, fields: Document, *, version: int, fence: int) -> Document:
    """Return the update that stores these fields (None: remove it) and the order's news."""
    counts = {"version": version, "fence": fence, "eventCount": len(order.news)}
    update: dict[str, Any] = {
        "$set": {name: value for name, value in fields.items() if value is not None},
        "$unset": {name: "" for name, value in fields.items() if value is None},
        "$inc": {name: by for name, by in counts.items() if by},
        "$push": {"events": {"$each": documents.events(order.news), "$slice": -EVENTS_KEPT}},
    }
    if order.news:
        update["$min"] = {"auditDue": order.news[0].at}  # from when the first of them waits
    if version:
        update["$max"] = {"updatedAt": order.updated_at}
    return {operator: what for operator, what in update.items() if what}


def _as_it_was(order: Order) -> Document:
    return {"_id": order.id, "fence": order.fence, "version": order.version}


def _with_word(update: Document, word: int) -> Document:
    wrote = {"$each": [word], "$slice": -_WORDS_KEPT}
    return {**update, "$push": {**update.get("$push", {}), "wrote": wrote}}

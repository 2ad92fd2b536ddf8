"""Orders that are being placed, written down before anything is done for them.

All that arrive in one moment are one document: so what keeps them from being lost costs one write
for all of them, and none of theirs has to be written twice. It goes once each of its orders is
stored as it has become, and in the audit trail (``shop.order.settled``). Where that takes longer
than their lease the process has died, or is not able to go on: then somebody stores those that are
not as pending, for a relay to lead them on, and has the copier see to the others.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from uuid import uuid4

from pymongo.write_concern import WriteConcern

from shop.common.bulk import insert_together
from shop.common.gathered import Gathered
from shop.common.mongo import Collection, Document, mongo_errors
from shop.order import documents
from shop.order.accepted import Accepted, Batch
from shop.order.model import Order

AT_ONCE = 2
"""How many batches are placed beside each other; those that arrive meanwhile are the next one.

What an order costs is mostly what each command and each call costs, however many go together. So
two large batches take a sixth to a half less than many small ones, and one waits while the other
keeps the processor busy: docs/adr/0035-two-batches-of-orders-at-once.md has the figures.
"""

PATIENCE_S = 0.1
"""A batch that is placed for longer holds up no other: a peer may hang."""


class MongoIntake:
    """The batches of all instances."""

    def __init__(self, intake: Collection, orders: Collection) -> None:
        self._intake = intake
        # What is forgotten with a primary is found due: its orders are there, and it goes again.
        self._lightly = intake.with_options(write_concern=WriteConcern(w=1))
        self._orders = orders
        self._accept = Gathered(self._accept_together, at_once=AT_ONCE, until=_placed)

    async def accept(self, order: Order) -> Accepted:
        """Write an order down that is held for a lease; raise Unavailable."""
        return Accepted(order, await self._accept(order))

    async def recover(self, now: datetime) -> int:
        """Store as pending what is overdue; return how many orders. Raises Unavailable.

        Any number of instances may do so at once, and the process that accepted them too: an order
        is stored by who comes first, and what is copied twice is in the audit trail once.
        """
        count = 0
        for batch in await self._overdue(now):
            count += await self._store(batch["orders"])
            with mongo_errors():
                await self._orders.update_many(*_to_be_copied(batch))
            await self.drop([batch["_id"]])
        return count

    async def drop(self, batch_ids: Sequence[str]) -> None:
        """Let batches go that are not needed any more; raise Unavailable."""
        with mongo_errors():
            await self._lightly.delete_many({"_id": {"$in": list(batch_ids)}})

    async def rescue(self, order_ids: Sequence[str]) -> None:
        """Store those of the orders as pending that are accepted only; raise Unavailable.

        For who asks for one by its id: so it has been told of, and its placing has been left.
        """
        asked = {"orders._id": {"$in": list(order_ids)}}
        with mongo_errors():
            batches = await self._intake.find(asked).to_list()
        listed = [stored for batch in batches for stored in batch["orders"]]
        await self._store([stored for stored in listed if stored["_id"] in order_ids])

    async def _store(self, orders: Sequence[Document]) -> int:
        outcomes = await insert_together(self._orders, orders) if orders else []
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome
        return outcomes.count(True)

    async def overdue(self, now: datetime) -> list[Order]:
        """Return the orders that should have been stored by now; some may have been."""
        batches = await self._overdue(now)
        return [documents.order_of(stored) for batch in batches for stored in batch["orders"]]

    async def _overdue(self, now: datetime) -> list[Document]:
        with mongo_errors():
            return await self._intake.find({"dueAt": {"$lte": now}}).to_list()

    async def forget(self, order_id: str) -> None:
        """Forget an order that is stored, or was, for good; raise Unavailable.

        Few are deleted and few batches are there, so no index pays.
        """
        listed = {"orders._id": order_id}
        with mongo_errors():
            await self._intake.update_many(listed, {"$pull": {"orders": {"_id": order_id}}})

    async def _accept_together(self, orders: Sequence[Order]) -> Sequence[Batch]:
        """Write orders down as one batch, which is due when the first of their leases is over."""
        batch = Batch(f"int_{uuid4().hex}", [order.id for order in orders])
        document: Document = {
            "_id": batch.id,
            "dueAt": min(order.work.due_at for order in orders if order.work),
            "orders": [documents.document(order) for order in orders],
        }
        for outcome in await insert_together(self._intake, [document]):
            if isinstance(outcome, Exception):
                raise outcome
        return [batch] * len(orders)


async def _placed(outcomes: Sequence[Batch | Exception]) -> None:
    """Wait until a batch is placed, or has been given time enough."""
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_S):
            for batch in {each for each in outcomes if isinstance(each, Batch)}:
                await batch.placed()


def _to_be_copied(batch: Document) -> tuple[Document, Document]:
    """Return which of a batch's orders are not known to be in the trail, and what has them copied.

    All of them are stored by now. One that is changed meanwhile, or copied, is due for that anyway,
    and no later; or is not met any more. The rest of the write is that of a majority: what it is
    made from goes next.
    """
    uncopied = {"$gt": ["$eventCount", {"$ifNull": ["$audited", 0]}]}
    ids = [order["_id"] for order in batch["orders"]]
    return {"_id": {"$in": ids}, "$expr": uncopied}, {"$min": {"auditDue": batch["dueAt"]}}

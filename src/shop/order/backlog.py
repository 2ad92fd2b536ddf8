"""What remains to be done for orders: how much of each step, and which have waited longest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pymongo import ASCENDING

from shop.common.mongo import Collection, Document, mongo_errors
from shop.order import documents
from shop.order.intake import MongoIntake
from shop.order.model import Order, Step


@dataclass(frozen=True)
class Backlog:
    """How many orders wait for a step, and since when the first of them does."""

    step: Step
    count: int
    oldest: datetime | None


class MongoBacklog:
    """Counts in the orders, and what of the intake should have been stored by now."""

    def __init__(self, orders: Collection, intake: MongoIntake) -> None:
        self._orders = orders
        self._intake = intake

    async def backlog(self, now: datetime) -> list[Backlog]:
        """Return how much is waiting, step by step; each costs two index scans."""
        backlog = [await self._of(step, now) for step in Step]
        late = await self._intake.overdue(now)
        return [_with_late(each, late) if each.step is Step.PLACE else each for each in backlog]

    async def waiting(self, now: datetime, limit: int) -> list[Order]:
        """Return the orders that wait for a step, those that have waited longest first.

        Before them those that should have been stored by now, as pending at least.
        """
        late = await self._intake.overdue(now)
        wanted = {"work.since": {"$lte": now}}
        with mongo_errors():
            found = self._orders.find(wanted, {"events": False}).sort("work.since", ASCENDING)
            stored = await found.limit(limit).to_list()
        return [*late, *map(documents.order_of, stored)][:limit]

    async def _of(self, step: Step, now: datetime) -> Backlog:
        waiting: Document = {"work.steps": step.value, "work.since": {"$lte": now}}
        if step is Step.CANCEL_UNPAID:  # beside a step that waits, it is only put down for later
            waiting["payBy"] = {"$lte": now}
        with mongo_errors():
            count = await self._orders.count_documents(waiting)
            oldest = await self._orders.find_one(
                waiting, ["work.since"], sort=[("work.since", ASCENDING)]
            )
        return Backlog(step, count, oldest["work"]["since"] if oldest else None)


def _with_late(placing: Backlog, late: Sequence[Order]) -> Backlog:
    times = [order.created_at for order in late]
    if placing.oldest:
        times.append(placing.oldest)
    return Backlog(placing.step, placing.count + len(late), min(times, default=None))

"""Orders kept in memory, by the same rules as in MongoDB: it passes the same suite."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shop.common.page import Cursors, Page, cut
from shop.common.representation import Representation
from shop.order.accepted import Accepted, Batch
from shop.order.errors import UnknownOrder
from shop.order.life import FINAL, shown
from shop.order.model import Details, Event, Order, Status


@dataclass
class MemoryOrders:
    orders: dict[str, Order] = field(default_factory=dict)
    timelines: dict[str, list[Event]] = field(default_factory=dict)
    accepted: dict[str, Order] = field(default_factory=dict)

    async def add(self, order: Order) -> Order | None:
        if order.id in self.orders:
            return None
        self.timelines[order.id] = []
        return self._store(order)

    async def accept(self, order: Order) -> Accepted:
        self.accepted[order.id] = order
        return Accepted(order, Batch(order.id, {order.id}))

    async def settle(self, accepted: Accepted, after: Order) -> Order | None:
        before = accepted.order
        changed = shown(before) != shown(after)
        stored = await self.add(
            replace(
                after,
                details=Details() if after.erased else before.details,
                version=after.version + changed,
                updated_at=after.updated_at if changed else before.updated_at,
            )
        )
        self.accepted.pop(before.id, None)
        return stored

    async def recover(self, now: datetime) -> int:
        due = [o for o in self.accepted.values() if o.work and o.work.due_at <= now]
        for order in due:
            del self.accepted[order.id]
        return sum([await self.add(order) is not None for order in due])

    async def get(self, order_id: str) -> Order:
        await asyncio.sleep(0)  # others get their turn, as they do where a network lies between
        if order_id in self.accepted:
            await self.add(self.accepted[order_id])
        order = self.orders.get(order_id)
        if order is None or order.deleted:
            raise UnknownOrder(order_id)
        return order

    async def view(self, order_id: str) -> Representation:
        order = await self.get(order_id)
        return Representation(order.version, order.status.encode())

    async def find(
        self, customer_id: str | None, status: Status | None, cursor: str | None, limit: int
    ) -> Page[Order]:
        cursors = Cursors.of("orders", customerId=customer_id, status=status)
        below = cursors.decode(cursor, str)[0] if cursor is not None else None
        found = [
            order
            for order in sorted(self.orders.values(), key=lambda o: o.id, reverse=True)
            if not order.deleted
            and customer_id in (None, order.customer_id)
            and status in (None, order.status)
            and (below is None or order.id < below)
        ]
        return cut(found[: limit + 1], limit, lambda order: cursors.encode(order.id))

    async def events(self, order_id: str, cursor: str | None, limit: int) -> Page[Event]:
        await self.get(order_id)
        cursors = Cursors.of("events", order=order_id)
        below = cursors.decode(cursor, int)[0] if cursor is not None else None
        found = [
            event
            for event in reversed(self.timelines[order_id])
            if below is None or event.seq < below
        ]
        return cut(found[: limit + 1], limit, lambda event: cursors.encode(event.seq))

    async def advance(self, before: Order, after: Order, *, exactly: bool = False) -> Order | None:
        stored = self.orders.get(before.id)
        if stored is None or stored.fence != before.fence:
            return None
        if exactly and stored.version != before.version:
            return None
        changed = shown(before) != shown(after)
        return self._store(
            replace(
                after,
                details=Details() if after.erased else stored.details,
                version=stored.version + after.version - before.version + changed,
                fence=stored.fence + 1,
                updated_at=max(stored.updated_at, after.updated_at)
                if changed
                else stored.updated_at,
            )
        )

    async def amend(self, before: Order, after: Order) -> Order | None:
        stored = self.orders.get(before.id)
        if stored is None or stored.version != before.version:
            return None
        amended = replace(stored, details=after.details, news=after.news)
        at = max(stored.updated_at, after.updated_at)
        return self._store(replace(amended, version=stored.version + 1, updated_at=at))

    async def remove(self, order: Order) -> bool:
        stored = self.orders.get(order.id)
        if stored is None or stored.fence != order.fence:
            return False
        del self.orders[order.id]
        self.accepted.pop(order.id, None)
        return True

    async def claim(self, now: datetime, lease: timedelta) -> Order | None:
        due = [o for o in self.orders.values() if o.work and o.work.due_at <= now]
        if not due:
            return None
        first = min(due, key=lambda o: o.work.due_at if o.work else now)
        assert first.work is not None
        work = replace(first.work, due_at=now + lease)
        return self._store(replace(first, work=work, fence=first.fence + 1))

    async def next_due(self) -> datetime | None:
        return min((o.work.due_at for o in self.orders.values() if o.work), default=None)

    async def identifying(self, customer_id: str, limit: int) -> list[Order]:
        return [o for o in self._not_erased(customer_id) if o.status in FINAL][:limit]

    async def has_identifying(self, customer_id: str) -> bool:
        return bool(self._not_erased(customer_id))

    def _not_erased(self, customer_id: str) -> list[Order]:
        return [o for o in self.orders.values() if o.customer_id == customer_id and not o.erased]

    def _store(self, order: Order) -> Order:
        timeline = self.timelines[order.id]
        for event in order.news:
            timeline.append(replace(event, seq=len(timeline) + 1))
        self.orders[order.id] = replace(order, news=())
        return self.orders[order.id]

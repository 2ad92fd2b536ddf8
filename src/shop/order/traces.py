"""The orders, and what of them is kept elsewhere: it is erased, or copied, before they change."""

from typing import Protocol

from shop.order.cached import CachedOrders
from shop.order.model import Order


class Answers(Protocol):
    """Where answers are remembered, for who asks again."""

    async def erase(self, resource_id: str) -> None:
        """Forget what was answered about the making of this resource."""


class Trail(Protocol):
    """Where it is kept who did what."""

    async def copy(self, order_id: str) -> None:
        """Copy what the order's own document knows of it."""


class TracedOrders:
    """The orders, as ``CachedOrders`` has them.

    Who stops between the two leaves too little elsewhere, never too much; and does it again.
    """

    def __init__(self, orders: CachedOrders, answers: Answers, trail: Trail) -> None:
        self._orders = orders
        self._answers = answers
        self._trail = trail
        self.accept = orders.accept
        self.settle = orders.settle
        self.recover = orders.recover
        self.get = orders.get
        self.view = orders.view
        self.find = orders.find
        self.events = orders.events
        self.claim = orders.claim
        self.next_due = orders.next_due
        self.amend = orders.amend
        self.identifying = orders.identifying
        self.has_identifying = orders.has_identifying

    async def advance(self, before: Order, after: Order, *, exactly: bool = False) -> Order | None:
        """Write everything but the details, if the fence is still that of ``before``."""
        if after.erased and not before.erased:
            await self._answers.erase(before.id)
        return await self._orders.advance(before, after, exactly=exactly)

    async def remove(self, order: Order) -> bool:
        """Delete the document, if its fence is still that of ``order``."""
        await self._answers.erase(order.id)
        await self._trail.copy(order.id)
        return await self._orders.remove(order)

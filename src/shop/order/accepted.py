"""A new order that is written down, until it is stored as what becomes of it, and audited."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from shop.order.model import Order


class Batch:
    """Orders that arrived together. ``left``: those not stored, or not in the audit trail, yet."""

    def __init__(self, batch_id: str, order_ids: Iterable[str]) -> None:
        self.id = batch_id
        self.left = set(order_ids)
        self._placing = set(self.left)
        self._placed = asyncio.Event()

    def leave(self, order_id: str) -> None:
        """Take note that the placing of an order has ended, in whatever way."""
        self._placing.discard(order_id)
        if not self._placing:
            self._placed.set()

    async def placed(self) -> None:
        """Wait until the placing of all has ended."""
        await self._placed.wait()


@dataclass(frozen=True)
class Accepted:
    """An order that is written down, and where."""

    order: Order
    batch: Batch

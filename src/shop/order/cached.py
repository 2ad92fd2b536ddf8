"""The orders, with a cache in front of their reads by id; whatever is written is marked there."""

from shop.common.cache import Cache, writing
from shop.common.representation import Representation
from shop.order.life import shown
from shop.order.model import Order
from shop.order.repository import MongoOrders


class CachedOrders:
    """The orders, as ``MongoOrders`` has them."""

    def __init__(self, orders: MongoOrders, cache: Cache) -> None:
        self._orders = orders
        self._cache = cache
        self.accept = orders.accept
        self.settle = orders.settle
        self.recover = orders.recover
        self.get = orders.get
        self.find = orders.find
        self.events = orders.events
        self.claim = orders.claim
        self.next_due = orders.next_due
        self.identifying = orders.identifying
        self.has_identifying = orders.has_identifying

    async def view(self, order_id: str) -> Representation:
        """Return an order, encoded; raise UnknownOrder."""
        return await self._cache.read(order_id, lambda: self._orders.view(order_id))

    async def advance(self, before: Order, after: Order, *, exactly: bool = False) -> Order | None:
        """Write everything but the details, if the fence is still that of ``before``."""
        if shown(before) == shown(after):  # then nobody can be shown what was there before
            return await self._orders.advance(before, after, exactly=exactly)
        async with writing(self._cache, before.id):
            return await self._orders.advance(before, after, exactly=exactly)

    async def amend(self, before: Order, after: Order) -> Order | None:
        """Write the details, if the version is still that of ``before``."""
        async with writing(self._cache, before.id):
            return await self._orders.amend(before, after)

    async def remove(self, order: Order) -> bool:
        """Delete the document, if its fence is still that of ``order``."""
        async with writing(self._cache, order.id):
            return await self._orders.remove(order)

"""A shop around the order service: a store, two peers, and a clock that only the test moves."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.fakes.order.crash import Fate
from tests.fakes.order.peers import FakeCustomer, FakeProduct

from shop.common.clock import rfc3339
from shop.order.config import OrderConfig
from shop.order.model import CustomerLink, Draft, Line, Money, Order, Status, Step
from shop.order.relay import Relay
from shop.order.saga import Patience, Saga
from shop.order.service import OrderService

CUSTOMER = "cus_ada"
LAMP = "prd_lamp"
PIECES = 10

_RESERVATION = {
    Status.CONFIRMED: {"held"},
    Status.PAID: {"committed"},
    Status.SHIPPED: {"committed"},
    Status.DELIVERED: {"committed"},
    Status.REJECTED: {"released", "expired"},
    Status.CANCELLED: {"released", "expired"},
}


def lamps(quantity: int = 2, **changes: Any) -> Draft:
    return Draft(CUSTOMER, (Line(LAMP, quantity),), **changes)


class World:
    def __init__(self, orders: Any, config: OrderConfig | None = None) -> None:
        self.orders = orders
        self.config = config or OrderConfig()
        self.patience = Patience(place_s=3.0, other_s=1.0)
        self.now = datetime(2026, 1, 31, 12, tzinfo=UTC)
        self.product = FakeProduct(clock=self.clock)
        self.customer = FakeCustomer()
        self.product.stock(LAMP, PIECES, Money(1999, "EUR"))
        self.customer.register(CUSTOMER)
        self.service = self.service_of()
        self.relay = self.relay_of()

    def clock(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def saga_of(self, fate: Fate | None = None, **others: Any) -> Saga:
        parts = {"orders": self.orders, "product": self.product, "customer": self.customer} | others
        wrapped = {name: fate.wrap(part) if fate else part for name, part in parts.items()}
        return Saga(**wrapped, config=self.config, clock=self.clock, chance=lambda: 1.0)

    def service_of(
        self, fate: Fate | None = None, wake: Callable[[], object] = bool, **others: Any
    ) -> OrderService:
        orders = fate.wrap(self.orders) if fate else self.orders
        saga = self.saga_of(fate, **others)
        return OrderService(orders, saga, self.config, wake=wake, clock=self.clock)

    def relay_of(self, fate: Fate | None = None, **others: Any) -> Relay:
        orders = fate.wrap(self.orders) if fate else self.orders
        return Relay(orders, self.saga_of(fate, **others), self.config, clock=self.clock)

    async def converge(self, rounds: int = 10) -> None:
        """Let another instance's relay go on until nothing is due, well before payment is."""
        for _ in range(rounds):
            self.wait(self.config.lease_s + 1)
            await self.relay_of().run_once()

    async def all(self) -> list[Order]:
        return list((await self.orders.find(None, None, None, 100)).items)

    async def check(self) -> None:
        """Every order has converged, and all three services agree on it."""
        orders = await self.all()
        for order in orders:
            self._check(order)
        linked = set(self.customer.links.get(CUSTOMER, {}))
        assert linked == {o.id for o in orders if o.customer_link is CustomerLink.LINKED}
        sold = sum(
            x.quantity for o in orders if "committed" in _RESERVATION[o.status] for x in o.lines
        )
        held = sum(x.quantity for o in orders if o.status is Status.CONFIRMED for x in o.lines)
        assert self.product.on_hand[LAMP] == PIECES - sold
        assert self.product.reserved(LAMP) == held

    def _check(self, order: Order) -> None:
        where = f"{order} at {rfc3339(self.now)}"
        assert order.status is not Status.PENDING, where
        left = (Step.CANCEL_UNPAID,) if order.status is Status.CONFIRMED else ()
        assert (order.work.steps if order.work else ()) == left, where
        assert self.product.state(order.id) in _RESERVATION[order.status], where
        if CUSTOMER in self.customer.customers:
            link = self.customer.links[CUSTOMER][order.id]
            assert (link.status, link.total) == (order.status, order.total), where
            assert order.customer_link is CustomerLink.LINKED, where

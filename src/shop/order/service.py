"""What can be done with orders.

Each use case writes what it changes together with the steps that this leaves, then takes those
steps itself as far as it quickly can; what it cannot is done by the relay.
"""

from collections.abc import Callable
from typing import Protocol

from shop.common.clock import Clock
from shop.common.clock import now as system_clock
from shop.common.errors import PreconditionFailed
from shop.common.ids import new_id
from shop.common.page import Page
from shop.common.representation import Representation
from shop.order import life, progress
from shop.order.config import OrderConfig
from shop.order.model import Details, Draft, Event, Operation, Order, Status
from shop.order.rejection import rejection
from shop.order.saga import Ledger, Patience, Saga


class Orders(Ledger, Protocol):
    """Where orders are kept. All raise Unavailable while it is away."""

    async def get(self, order_id: str) -> Order:
        """Return an order as it is, to decide by; raise UnknownOrder if there is none."""

    async def view(self, order_id: str) -> Representation:
        """Return an order to show; raise UnknownOrder if there is none."""

    async def find(
        self, customer_id: str | None, status: Status | None, cursor: str | None, limit: int
    ) -> Page[Order]:
        """Return some orders, newest first; raise InvalidCursor for a forged cursor."""

    async def events(self, order_id: str, cursor: str | None, limit: int) -> Page[Event]:
        """Return some of an order's timeline, newest first; raise UnknownOrder, InvalidCursor."""

    async def amend(self, before: Order, after: Order) -> Order | None:
        """Store the details of ``after`` and return it, or None if ``before`` is an old version."""


def _nobody() -> None:
    """Wake nobody: a relay that polls finds the work as well."""


class OrderService:
    """The use cases. ``wake`` is called when work is left that will soon be due."""

    def __init__(
        self,
        orders: Orders,
        saga: Saga,
        config: OrderConfig,
        wake: Callable[[], object] = _nobody,
        clock: Clock = system_clock,
    ) -> None:
        self._orders = orders
        self._saga = saga
        self._patience = Patience(config.place_timeout_s, config.inline_timeout_s)
        self._wake = wake
        self._now = clock

    async def place(self, draft: Draft, order_id: str | None = None) -> Order:
        """Place an order and return it: confirmed, or pending where that is not decided yet.

        Repeated with the same id it asks once more for the same, stores nothing, and returns the
        order as it has become.

        Raises what speaks against it (see ``shop.order.rejection``), with the id of the order,
        which is kept as rejected; Unavailable if it could not even be written down.
        """
        placed = life.place(draft, order_id or new_id("ord"), self._now())
        order = await self._become(placed, await self._saga.place(placed, self._patience))
        if order.status is Status.REJECTED:
            raise rejection(order, draft)
        return order

    async def view(self, order_id: str) -> Representation:
        """Return an order; raise UnknownOrder."""
        return await self._orders.view(order_id)

    async def find(
        self,
        customer_id: str | None = None,
        status: str | None = None,
        cursor: str | None = None,
        limit: int = 20,
    ) -> Page[Order]:
        """Return some orders, newest first."""
        return await self._orders.find(
            customer_id, None if status is None else Status(status), cursor, limit
        )

    async def events(
        self, order_id: str, cursor: str | None = None, limit: int = 20
    ) -> Page[Event]:
        """Return some of an order's timeline, newest first; raise UnknownOrder."""
        return await self._orders.events(order_id, cursor, limit)

    async def replace(
        self, order_id: str, details: Details, expected: frozenset[int] | None = None
    ) -> Order:
        """Give an order other details; raises as ``change`` does."""
        return await self.change(order_id, lambda _: details, expected)

    async def change(
        self,
        order_id: str,
        edit: Callable[[Details], Details],
        expected: frozenset[int] | None = None,
    ) -> Order:
        """Apply ``edit`` to the details as they are at that moment, and to no others.

        Raises UnknownOrder, NotChangeable, PreconditionFailed if the version is not an ``expected``
        one, and what ``edit`` raises.
        """
        while True:
            before = await self._current(order_id, expected)
            after = life.edit(before, edit(before.details), self._now())
            saved = before if after is before else await self._orders.amend(before, after)
            if saved is not None:
                return saved

    async def delete(self, order_id: str, expected: frozenset[int] | None = None) -> None:
        """Let an order disappear; raise UnknownOrder, OrderOpen, PreconditionFailed."""
        while True:
            before = await self._current(order_id, expected)
            after = self._saga.hold(life.delete(before, self._now()))
            saved = await self._orders.advance(before, after, exactly=expected is not None)
            if saved is not None:
                await self._saga.run(saved, self._patience)
                return

    async def pay(self, order_id: str) -> Order:
        """Take an order as paid; raise UnknownOrder, IllegalTransition."""
        paid = await self._move(order_id, Operation.PAY)
        if paid.status is Status.CANCELLED:  # its goods were no longer reserved
            raise life.illegal(paid, Operation.PAY, self._now())
        return paid

    async def ship(self, order_id: str) -> Order:
        """Take an order as sent; raise UnknownOrder, IllegalTransition."""
        return await self._move(order_id, Operation.SHIP)

    async def deliver(self, order_id: str) -> Order:
        """Take an order as received; raise UnknownOrder, IllegalTransition."""
        return await self._move(order_id, Operation.DELIVER)

    async def cancel(self, order_id: str) -> Order:
        """Cancel an order that has not been sent; raise UnknownOrder, IllegalTransition."""
        return await self._move(order_id, Operation.CANCEL)

    async def _move(self, order_id: str, operation: Operation) -> Order:
        while True:
            before = await self._orders.get(order_id)
            after = self._saga.hold(life.move(before, operation, self._now()))
            saved = await self._orders.advance(before, after)
            if saved is not None:
                return await self._run(saved)

    async def _current(self, order_id: str, expected: frozenset[int] | None) -> Order:
        order = await self._orders.get(order_id)
        if expected is not None and order.version not in expected:
            raise PreconditionFailed(f"The order is at version {order.version} by now.")
        return order

    async def _run(self, held: Order) -> Order:
        return await self._become(held, await self._saga.run(held, self._patience))

    async def _become(self, held: Order, order: Order | None) -> Order:
        if order is None:
            return await self._orders.get(held.id)
        if progress.delayed(order):
            self._wake()
        return order

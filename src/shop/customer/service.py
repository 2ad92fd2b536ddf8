"""What can be done with customers and with the links to their orders."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from shop.common import clock
from shop.common.clock import Clock
from shop.common.errors import Unavailable
from shop.common.frozen import replace
from shop.common.ids import new_id
from shop.common.page import Page
from shop.customer.erasure import Eraser
from shop.customer.errors import Changed, EmailTaken, NoSuchCustomer, OpenOrders
from shop.customer.model import (
    Customer,
    CustomerDetails,
    CustomerStatus,
    OrderLink,
    OrderLinkDetails,
)
from shop.customer.stores import CustomerStore, LinkStore, Versions

_DELETION_LEASE = timedelta(seconds=10)
_AMEND_ATTEMPTS = 20


class Customers:
    """The use cases of customers."""

    def __init__(
        self,
        customers: CustomerStore,
        links: LinkStore,
        eraser: Eraser,
        clock: Clock = clock.now,
    ) -> None:
        self._customers = customers
        self._links = links
        self._eraser = eraser
        self._now = clock
        self.view = customers.view
        self.find = customers.find

    async def register(self, details: CustomerDetails, customer_id: str | None = None) -> Customer:
        """Add a customer, active at once; raise EmailTaken.

        Repeated with the same id it adds nothing, and returns the customer that is there.
        """
        at = self._now()
        customer = Customer(
            **vars(details),
            id=customer_id or new_id("cus"),
            status=CustomerStatus.ACTIVE,
            created_at=at,
            updated_at=at,
        )
        try:
            await self._customers.add(customer)
        except EmailTaken as taken:
            return await self._made_before(customer.id, taken)
        return customer

    async def _made_before(self, customer_id: str, taken: EmailTaken) -> Customer:
        """Return the customer who has the email, if that is the very one; raise ``taken`` else."""
        try:
            return await self._customers.get(customer_id)
        except NoSuchCustomer:
            raise taken from None

    async def replace(
        self, customer_id: str, details: CustomerDetails, expected: Versions
    ) -> Customer:
        """Set all that a caller may set; raise NoSuchCustomer, Changed or EmailTaken."""
        return await self._customers.set_details(customer_id, details, self._now(), expected)

    async def amend(
        self,
        customer_id: str,
        change: Callable[[CustomerDetails], CustomerDetails],
        expected: Versions,
    ) -> Customer:
        """Change what a caller may set, without ever undoing another's change.

        Raises NoSuchCustomer, Changed, EmailTaken, and whatever ``change`` raises.
        """
        for _ in range(_AMEND_ATTEMPTS):
            present = await self._customers.get(customer_id)
            if expected is not None and present.version not in expected:
                raise Changed
            with suppress(Changed):  # somebody was faster: look again
                return await self._customers.set_details(
                    customer_id, change(present.details), self._now(), frozenset({present.version})
                )
        raise Unavailable("Too many change this customer at once; try again shortly.")

    async def set_status(self, customer_id: str, status: CustomerStatus) -> Customer:
        """Activate or deactivate; raise NoSuchCustomer."""
        return await self._customers.set_status(customer_id, status, self._now())

    async def remove(self, customer_id: str, expected: Versions) -> None:
        """Erase a customer and all that is kept of them; raise NoSuchCustomer, Changed, OpenOrders.

        The mark comes before the look at the orders, and an order is linked before the look at
        the mark: of a deletion and an order that meet, at least one sees the other and gives way.
        """
        until = self._now() + _DELETION_LEASE
        try:
            claim = await self._customers.claim_deletion(customer_id, until, expected)
        except NoSuchCustomer:
            await self._eraser.finish(customer_id)  # if a deletion died before it came to that
            raise
        if await self._links.has_open(customer_id):
            await self._customers.drop_deletion(customer_id, claim)
            raise OpenOrders
        await self._eraser.begin(customer_id)
        if not await self._customers.delete(customer_id, claim, expected):
            await self._customers.drop_deletion(customer_id, claim)
            raise Unavailable("The deletion was overtaken and given up; try again.")
        await self._eraser.finish(customer_id)


class CustomerOrders:
    """The use cases of the links from customers to orders."""

    def __init__(
        self, customers: CustomerStore, links: LinkStore, clock: Clock = clock.now
    ) -> None:
        self._customers = customers
        self._links = links
        self._now = clock
        self.view = links.view

    async def link(
        self, customer_id: str, order_id: str, details: OrderLinkDetails, expected: Versions
    ) -> OrderLink:
        """Link an order, or bring its link up to date; the answer knows the customer's status.

        Raises NoSuchCustomer, Changed or OrderUnlinked; and BeingDeleted, where the link stays, as
        it may be another's too: it goes with the customer, or will do for the next attempt.
        """
        at = self._now()
        link = await self._links.put(customer_id, order_id, details, at, expected)
        try:
            status = await self._customers.admit(customer_id, at)
        except NoSuchCustomer:
            await self._links.forget(customer_id, order_id)
            raise
        return replace(link, customer_status=status)

    async def find(self, customer_id: str, *, limit: int, cursor: str | None) -> Page[OrderLink]:
        """Return one page of a customer's orders; raise NoSuchCustomer."""
        page = await self._links.find(customer_id, limit=limit, cursor=cursor)
        if not page.items:
            await self._customers.get(customer_id)
        return page

    async def unlink(
        self, customer_id: str, order_id: str, order_version: int, expected: Versions
    ) -> None:
        """Unlink an order for good; raise NoSuchLink or Changed."""
        await self._links.remove(customer_id, order_id, self._now(), order_version, expected)

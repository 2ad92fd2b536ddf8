"""What can be done with customers and with the links to their orders."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

from shop.common import clock
from shop.common.clock import Clock
from shop.common.errors import Unavailable
from shop.common.frozen import replace
from shop.common.ids import new_id
from shop.common.page import Page
from shop.common.representation import Representation
from shop.customer.erasure import Eraser
from shop.customer.errors import Changed, EmailTaken, NoSuchCustomer, OpenOrders
from shop.customer.model import (
    Customer,
    CustomerDetails,
    CustomerStatus,
    OrderLink,
    OrderLinkDetails,
)

Versions = frozenset[int] | None
"""The versions that a caller will have changed; None: whichever is there."""

_DELETION_LEASE = timedelta(seconds=10)
_AMEND_ATTEMPTS = 20


class CustomerStore(Protocol):
    """Where customers are kept.

    What names a customer raises NoSuchCustomer where there is none, and Changed where the present
    version is not among ``expected``. What sets an email raises EmailTaken.
    """

    async def add(self, customer: Customer) -> None:
        """Keep a new customer."""

    async def get(self, customer_id: str) -> Customer:
        """Return the customer as it is now."""

    async def view(self, customer_id: str) -> Representation:
        """Return the customer as it goes over the wire; it may come from a cache."""

    async def find(
        self,
        *,
        limit: int,
        cursor: str | None,
        status: str | None,
        email: str | None,
        updated_since: datetime | None,
    ) -> Page[Customer]:
        """Return one page, newest first; with ``updated_since``, latest change first."""

    async def set_details(
        self, customer_id: str, details: CustomerDetails, at: datetime, expected: Versions
    ) -> Customer:
        """Replace what a caller may set, and return the customer as it is now."""

    async def set_status(self, customer_id: str, status: CustomerStatus, at: datetime) -> Customer:
        """Set the status if it is another one, and return the customer as it is now."""

    async def claim_deletion(self, customer_id: str, until: datetime, expected: Versions) -> str:
        """Mark the customer as being deleted, so that no order is linked, and return the claim."""

    async def drop_deletion(self, customer_id: str, claim: str) -> None:
        """Take the mark away, if the claim still stands."""

    async def delete(self, customer_id: str, claim: str, expected: Versions) -> bool:
        """Delete the customer and return True.

        Return False if the claim no longer stands, or the version is not among ``expected``.
        """

    async def admit(self, customer_id: str, at: datetime) -> CustomerStatus:
        """Return the status, and end a lapsed deletion; raise BeingDeleted if it has not lapsed."""


class LinkStore(Protocol):
    """Where links are kept. What names a link raises NoSuchLink where there is none."""

    async def put(
        self,
        customer_id: str,
        order_id: str,
        details: OrderLinkDetails,
        at: datetime,
        expected: Versions,
    ) -> OrderLink:
        """Keep the link unless what is there is as new, and return what is there then.

        With ``expected`` it replaces what is as new and says something else: of one order version
        only one can be right, and it is told by who has read both.

        Raises Changed, or OrderUnlinked where a newer version was unlinked.
        """

    async def view(self, customer_id: str, order_id: str) -> Representation:
        """Return the link as it goes over the wire; it may come from a cache."""

    async def find(self, customer_id: str, *, limit: int, cursor: str | None) -> Page[OrderLink]:
        """Return one page, the order placed last first."""

    async def has_open(self, customer_id: str) -> bool:
        """Tell whether the customer has an order that is not final."""

    async def remove(
        self, customer_id: str, order_id: str, at: datetime, order_version: int, expected: Versions
    ) -> None:
        """Unlink, and remember it against links of this order version or an older one."""

    async def forget(self, customer_id: str, order_id: str | None = None) -> None:
        """Delete a link, or all of a customer's, without a trace."""


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

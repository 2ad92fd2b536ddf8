"""What the use cases ask of where customers and links are kept."""

from datetime import datetime
from typing import Protocol

from shop.common.page import Page
from shop.common.representation import Representation
from shop.customer.model import (
    Customer,
    CustomerDetails,
    CustomerStatus,
    OrderLink,
    OrderLinkDetails,
)

Versions = frozenset[int] | None
"""The versions that a caller will have changed; None: whichever is there."""


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

"""The stores, with a cache in front of their reads by id; whatever is written is marked there."""

from datetime import datetime

from shop.common.cache import Cache, writing
from shop.common.representation import Representation
from shop.customer.errors import NoSuchCustomer, NoSuchLink
from shop.customer.model import (
    Customer,
    CustomerDetails,
    CustomerStatus,
    OrderLink,
    OrderLinkDetails,
)
from shop.customer.repository.customers import MongoCustomers
from shop.customer.repository.links import MongoLinks

Versions = frozenset[int] | None


class CachedCustomers:
    """Satisfies ``CustomerStore``, as what it wraps does."""

    def __init__(self, customers: MongoCustomers, cache: Cache) -> None:
        self._customers = customers
        self._cache = cache
        self.get = customers.get
        self.find = customers.find
        self.claim_deletion = customers.claim_deletion
        self.drop_deletion = customers.drop_deletion
        self.admit = customers.admit

    async def view(self, customer_id: str) -> Representation:
        """Return the customer as it goes over the wire; raise NoSuchCustomer."""
        return await self._cache.read(
            customer_id,
            lambda: self._customers.view(customer_id),
            lambda: NoSuchCustomer(customer_id),
        )

    async def add(self, customer: Customer) -> None:
        """Keep a new customer; raise EmailTaken."""
        async with writing(self._cache, customer.id):  # its absence may be there
            await self._customers.add(customer)

    async def set_details(
        self, customer_id: str, details: CustomerDetails, at: datetime, expected: Versions
    ) -> Customer:
        """Replace what a caller may set."""
        async with writing(self._cache, customer_id):
            return await self._customers.set_details(customer_id, details, at, expected)

    async def set_status(self, customer_id: str, status: CustomerStatus, at: datetime) -> Customer:
        """Set the status if it is another one."""
        async with writing(self._cache, customer_id):
            return await self._customers.set_status(customer_id, status, at)

    async def delete(self, customer_id: str, claim: str, expected: Versions) -> bool:
        """Delete the customer, if the claim still stands."""
        async with writing(self._cache, customer_id):
            return await self._customers.delete(customer_id, claim, expected)


class CachedLinks:
    """Satisfies ``LinkStore``, as what it wraps does."""

    def __init__(self, links: MongoLinks, cache: Cache) -> None:
        self._links = links
        self._cache = cache
        self.find = links.find
        self.has_open = links.has_open

    async def view(self, customer_id: str, order_id: str) -> Representation:
        """Return the link as it goes over the wire; raise NoSuchLink."""
        return await self._cache.read(
            _key(customer_id, order_id),
            lambda: self._links.view(customer_id, order_id),
            lambda: NoSuchLink(customer_id, order_id),
        )

    async def put(
        self,
        customer_id: str,
        order_id: str,
        details: OrderLinkDetails,
        at: datetime,
        expected: Versions,
    ) -> OrderLink:
        """Keep the link unless what is there is as new."""
        async with writing(self._cache, _key(customer_id, order_id)):
            return await self._links.put(customer_id, order_id, details, at, expected)

    async def remove(
        self, customer_id: str, order_id: str, at: datetime, order_version: int, expected: Versions
    ) -> None:
        """Unlink."""
        async with writing(self._cache, _key(customer_id, order_id)):
            await self._links.remove(customer_id, order_id, at, order_version, expected)

    async def forget(self, customer_id: str, order_id: str | None = None) -> None:
        """Delete a link, or all of a customer's, without a trace."""
        gone = [order_id] if order_id else await self._links.order_ids(customer_id)
        async with writing(self._cache, *(_key(customer_id, each) for each in gone)):
            await self._links.forget(customer_id, order_id)


def _key(customer_id: str, order_id: str) -> str:
    return f"{customer_id}/{order_id}"

"""Customers and links in memory; they keep the rules of the real stores."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import TypeVar

from shop.common.page import Cursors, Page, cut
from shop.common.representation import Representation
from shop.customer.errors import (
    BeingDeleted,
    Changed,
    EmailTaken,
    NoSuchCustomer,
    NoSuchLink,
    OrderUnlinked,
)
from shop.customer.model import (
    OPEN,
    Customer,
    CustomerDetails,
    CustomerStatus,
    OrderLink,
    OrderLinkDetails,
)
from shop.customer.schemas import encode_customer, encode_link

T = TypeVar("T")
Versions = frozenset[int] | None
Key = tuple[str, str]


def _check(version: int, expected: Versions) -> None:
    if expected is not None and version not in expected:
        raise Changed


def _page(
    ranked: Sequence[tuple[str, T]], cursors: Cursors, limit: int, cursor: str | None
) -> Page[T]:
    """Cut a page out of all items, each with its rank: the highest first."""
    items = sorted(ranked, key=lambda item: item[0], reverse=True)
    if cursor is not None:
        (last,) = cursors.decode(cursor, str)
        items = [item for item in items if item[0] < last]
    page = cut(items[: limit + 1], limit, lambda item: cursors.encode(item[0]))
    return Page([item for _, item in page.items], page.next_cursor)


class FakeCustomers:
    """Satisfies ``CustomerStore``."""

    def __init__(self) -> None:
        self._there: dict[str, Customer] = {}
        self._deletions: dict[str, tuple[str, datetime]] = {}
        self._claims = map(str, count(1))

    async def add(self, customer: Customer) -> None:
        self._keep(customer)

    async def get(self, customer_id: str) -> Customer:
        if customer_id not in self._there:
            raise NoSuchCustomer(customer_id)
        return self._there[customer_id]

    async def view(self, customer_id: str) -> Representation:
        return encode_customer(await self.get(customer_id))

    async def find(
        self,
        *,
        limit: int,
        cursor: str | None,
        status: str | None,
        email: str | None,
        updated_since: datetime | None,
    ) -> Page[Customer]:
        def wanted(customer: Customer) -> bool:
            return (
                status in (None, customer.status)
                and (email is None or _same(email, customer.email))
                and (updated_since is None or customer.updated_at >= updated_since)
            )

        def rank(customer: Customer) -> str:
            return f"{customer.updated_at if updated_since else ''}{customer.id}"

        found = [(rank(each), each) for each in self._there.values() if wanted(each)]
        key = email and email.lower()
        cursors = Cursors.of("customers", status=status, email=key, since=updated_since)
        return _page(found, cursors, limit, cursor)

    async def set_details(
        self, customer_id: str, details: CustomerDetails, at: datetime, expected: Versions
    ) -> Customer:
        present = await self.get(customer_id)
        _check(present.version, expected)
        return self._bump(replace(present, **vars(details)), at)

    async def set_status(self, customer_id: str, status: CustomerStatus, at: datetime) -> Customer:
        present = await self.get(customer_id)
        if present.status == status:
            return present
        return self._bump(replace(present, status=status), at)

    async def claim_deletion(self, customer_id: str, until: datetime, expected: Versions) -> str:
        _check((await self.get(customer_id)).version, expected)
        claim = next(self._claims)
        self._deletions[customer_id] = claim, until
        return claim

    async def drop_deletion(self, customer_id: str, claim: str) -> None:
        if self._claimed(customer_id, claim):
            del self._deletions[customer_id]

    async def delete(self, customer_id: str, claim: str, expected: Versions) -> bool:
        if not self._claimed(customer_id, claim):
            return False
        if expected is not None and self._there[customer_id].version not in expected:
            return False
        del self._there[customer_id], self._deletions[customer_id]
        return True

    async def admit(self, customer_id: str, at: datetime) -> CustomerStatus:
        status = (await self.get(customer_id)).status
        if customer_id in self._deletions:
            _, until = self._deletions[customer_id]
            if at < until:
                raise BeingDeleted(customer_id)
            del self._deletions[customer_id]
        return status

    def _keep(self, customer: Customer) -> None:
        others = [each for each in self._there.values() if each.id != customer.id]
        if any(_same(customer.email, other.email) for other in others):
            raise EmailTaken
        self._there[customer.id] = customer

    def _bump(self, changed: Customer, at: datetime) -> Customer:
        self._keep(replace(changed, version=changed.version + 1, updated_at=at))
        return self._there[changed.id]

    def _claimed(self, customer_id: str, claim: str) -> bool:
        return self._deletions.get(customer_id, ("",))[0] == claim


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()


class FakeLinks:
    """Satisfies ``LinkStore``."""

    def __init__(self) -> None:
        self._there: dict[Key, OrderLink] = {}
        self._unlinked: set[Key] = set()
        self._refused: dict[Key, int] = {}  # order versions of what never was linked

    async def put(
        self,
        customer_id: str,
        order_id: str,
        details: OrderLinkDetails,
        at: datetime,
        expected: Versions,
    ) -> OrderLink:
        key = customer_id, order_id
        if expected is not None:
            if key not in self._there or key in self._unlinked:
                raise Changed
            _check(self._there[key].version, expected)
        if self._refused.get(key, 0) >= details.order_version:
            raise OrderUnlinked(order_id)
        if key not in self._there:
            names = {"customer_id": customer_id, "order_id": order_id}
            link = OrderLink(**vars(details), **names, linked_at=at, updated_at=at)
            self._there[key] = link
            return replace(link, is_new=True)
        present = self._there[key]
        told_again = expected is not None and present.order_version == details.order_version
        if present.order_version < details.order_version or (
            told_again and vars(details) != {name: getattr(present, name) for name in vars(details)}
        ):
            version = present.version + 1
            changed = replace(present, **vars(details), updated_at=at, version=version)
            self._there[key] = changed
            self._unlinked.discard(key)
        elif key in self._unlinked:
            raise OrderUnlinked(order_id)
        return self._there[key]

    async def view(self, customer_id: str, order_id: str) -> Representation:
        return encode_link(self._get(customer_id, order_id))

    async def find(self, customer_id: str, *, limit: int, cursor: str | None) -> Page[OrderLink]:
        ranked = [(f"{link.placed_at}{link.order_id}", link) for link in self._of(customer_id)]
        return _page(ranked, Cursors.of("customerOrders", id=customer_id), limit, cursor)

    async def has_open(self, customer_id: str) -> bool:
        return any(link.status in OPEN for link in self._of(customer_id))

    async def remove(
        self,
        customer_id: str,
        order_id: str,
        at: datetime,  # noqa: ARG002
        order_version: int,
        expected: Versions,
    ) -> None:
        if (customer_id, order_id) not in self._there:
            refused = self._refused.get((customer_id, order_id), 0)
            self._refused[customer_id, order_id] = max(refused, order_version)
        link = self._get(customer_id, order_id)
        _check(link.version, expected)
        last = max(link.order_version, order_version)
        key = customer_id, order_id
        self._there[key] = replace(link, order_version=last, version=link.version + 1)
        self._unlinked.add(key)

    async def forget(self, customer_id: str, order_id: str | None = None) -> None:
        for key in [*self._there]:
            if key[0] == customer_id and order_id in (None, key[1]):
                del self._there[key]
                self._unlinked.discard(key)

    def _get(self, customer_id: str, order_id: str) -> OrderLink:
        key = customer_id, order_id
        if key not in self._there or key in self._unlinked:
            raise NoSuchLink(customer_id, order_id)
        return self._there[key]

    def _of(self, customer_id: str) -> list[OrderLink]:
        linked = self._there.keys() - self._unlinked
        return [self._there[key] for key in linked if key[0] == customer_id]

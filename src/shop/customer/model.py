"""Customers and the links to their orders."""

from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum

from shop.common.address import Address
from shop.common.money import Money


class CustomerStatus(StrEnum):
    """Whether a customer may place orders."""

    ACTIVE = "active"
    INACTIVE = "inactive"


class OrderStatus(StrEnum):
    """How an order stands, in the order service's words."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    PAID = "paid"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


FINAL = frozenset({OrderStatus.REJECTED, OrderStatus.DELIVERED, OrderStatus.CANCELLED})
OPEN = frozenset(OrderStatus) - FINAL
PRICELESS = frozenset({OrderStatus.PENDING, OrderStatus.REJECTED})  # may have no total yet


@dataclass(frozen=True, kw_only=True)
class CustomerDetails:
    """What a caller may set on a customer."""

    email: str
    first_name: str
    last_name: str
    phone: str | None = None
    addresses: tuple[Address, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Customer(CustomerDetails):
    """A customer: the details, and what the service adds."""

    id: str
    status: CustomerStatus
    created_at: datetime
    updated_at: datetime
    version: int = 1

    @property
    def details(self) -> CustomerDetails:
        """Return what a caller may set."""
        return CustomerDetails(**{f.name: getattr(self, f.name) for f in fields(CustomerDetails)})


@dataclass(frozen=True, kw_only=True)
class OrderLinkDetails:
    """What the order service tells about an order."""

    status: OrderStatus
    total: Money | None
    placed_at: datetime
    order_version: int


@dataclass(frozen=True, kw_only=True)
class OrderLink(OrderLinkDetails):
    """That an order is this customer's, and how it stands.

    ``customer_status``, and whether it ``is_new``, are known only in the answer to who wrote the
    link.
    """

    customer_id: str
    order_id: str
    linked_at: datetime
    updated_at: datetime
    version: int = 1
    customer_status: CustomerStatus | None = None
    is_new: bool = False


@dataclass(frozen=True)
class Erasure:
    """That a customer was deleted, and when: who keeps something of theirs erases it too."""

    customer_id: str
    erased_at: datetime

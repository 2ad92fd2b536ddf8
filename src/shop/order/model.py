"""What an order is: frozen values. The rules of its life are in ``shop.order.life``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from shop.common.address import Address as Address  # equal to what a request is loaded into
from shop.common.frozen import replace as replace
from shop.common.money import Money as Money


class Status(StrEnum):
    """Where an order is in its life."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    PAID = "paid"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


class Operation(StrEnum):
    """What a caller can do to an order to lead it on."""

    PAY = "pay"
    SHIP = "ship"
    DELIVER = "deliver"
    CANCEL = "cancel"


class Step(StrEnum):
    """What can remain to be done for an order, here or at a peer; each can be repeated."""

    PLACE = "place"  # reserve at product, link as pending at customer, decide
    LINK = "link"  # bring the customer's link up to date
    COMMIT = "commit"  # the reserved goods are sold
    RELEASE = "release"  # the reserved goods go back on the shelf
    UNLINK = "unlink"  # take the customer's link away
    PURGE = "purge"  # delete the document
    CANCEL_UNPAID = "cancel_unpaid"  # due only at ``pay_by``


class CustomerLink(StrEnum):
    """Whether customer knows this state of the order.

    Removed: there is no such customer, or somebody has unlinked the order there.
    """

    PENDING = "pending"
    LINKED = "linked"
    REMOVED = "removed"


class Standing(StrEnum):
    """What customer says about the customer of a link; unlinked: it takes no link of the order."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    UNKNOWN = "unknown"
    UNLINKED = "unlinked"


@dataclass(frozen=True)
class Item:
    """A product as it was when the order was confirmed."""

    sku: str
    name: str
    unit_price: Money


@dataclass(frozen=True)
class Line:
    """So many pieces of one product; ``item`` is known from the confirmation on."""

    product_id: str
    quantity: int
    item: Item | None = None

    @property
    def total(self) -> Money | None:
        """The price of the line, once it is known."""
        if self.item is None:
            return None
        return Money(self.item.unit_price.amount * self.quantity, self.item.unit_price.currency)


@dataclass(frozen=True)
class Details:
    """What the caller may still change until the order is shipped."""

    shipping_address: Address | None = None
    note: str | None = None


@dataclass(frozen=True)
class Draft:
    """What a caller asks for."""

    customer_id: str
    lines: tuple[Line, ...]
    expected_total: Money | None = None
    details: Details = Details()


@dataclass(frozen=True)
class Offer:
    """What product answers to a reservation: the items by product id, held until ``expires_at``."""

    items: Mapping[str, Item]
    expires_at: datetime


@dataclass(frozen=True)
class Reason:
    """Why an order ended: a stable code, a sentence, and what else was said (camelCase)."""

    code: str
    detail: str
    members: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Event:
    """One entry of the timeline; ``seq`` counts from 1 and is given when it is stored.

    ``by``: who did it (kind:subject), and ``trace_id``: in which request; see ``signature``.
    """

    type: str
    at: datetime
    detail: str | None = None
    status: Status | None = None
    seq: int = 0
    by: str | None = None
    trace_id: str | None = None


@dataclass(frozen=True)
class Entry:
    """One entry of the audit trail: who did what to which order, and how it stood around that."""

    order_id: str
    seq: int
    at: datetime
    type: str
    by: str | None
    before: Status | None
    after: Status | None
    trace_id: str | None


@dataclass(frozen=True)
class Deleted:
    """That a customer was deleted, and when."""

    customer_id: str
    at: datetime


@dataclass(frozen=True)
class Work:
    """What remains to be done for an order.

    ``due_at``: when a relay may take it up; while somebody works on it, the end of the lease.
    ``since``: from when on it has been waiting to be done. ``attempts``: failed in a row.
    ``trace``: the ``traceparent`` of the request that left it, which whoever does it goes on from.
    """

    steps: tuple[Step, ...]
    due_at: datetime
    since: datetime
    attempts: int = 0
    last_error: str | None = None
    trace: str | None = None


@dataclass(frozen=True)
class Order:
    """An order, and with it the work that remains.

    ``version`` counts what its representation shows; ``fence`` counts every write but those of
    ``details``, so who read an old fence cannot write. ``erased``: its customer is no more, and so
    are the details, for good. ``news``: events that are not stored yet.
    """

    id: str
    customer_id: str
    lines: tuple[Line, ...]
    created_at: datetime
    updated_at: datetime
    status: Status = Status.PENDING
    reason: Reason | None = None
    total: Money | None = None
    expected_total: Money | None = None
    details: Details = Details()
    customer_link: CustomerLink = CustomerLink.PENDING
    pay_by: datetime | None = None
    work: Work | None = None
    deleted: bool = False
    erased: bool = False
    version: int = 1
    fence: int = 1
    news: tuple[Event, ...] = ()

"""Customers and links for tests, which say only what matters to them."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from shop.common.ids import new_id
from shop.common.money import Money
from shop.customer.model import (
    Address,
    Customer,
    CustomerDetails,
    CustomerStatus,
    OrderLinkDetails,
    OrderStatus,
)

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
_numbers = count(1)


def details(**given: Any) -> CustomerDetails:
    defaults: dict[str, Any] = {
        "email": f"ada{next(_numbers)}@example.com",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "phone": "+44 20 7946 0000",
        "addresses": (
            Address(
                line1="12 Analytical Row",
                line2="Flat 3",
                city="London",
                postal_code="W1J 7NT",
                country="GB",
            ),
        ),
    }
    return CustomerDetails(**{**defaults, **given})


def customer(at: datetime = NOON, **given: Any) -> Customer:
    rest: dict[str, Any] = {
        "id": new_id("cus"),
        "status": CustomerStatus.ACTIVE,
        "created_at": at,
        "updated_at": at,
    }
    own = {name: given.pop(name) for name in [*given] if name in rest}
    return Customer(**vars(details(**given)), **{**rest, **own})


def order(version: int = 1, status: str = "pending", at: datetime = NOON) -> OrderLinkDetails:
    total = None if status == "pending" else Money(1999, "EUR")
    return OrderLinkDetails(
        status=OrderStatus(status), total=total, placed_at=at, order_version=version
    )

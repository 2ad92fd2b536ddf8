"""Why an order can end before it is delivered: the ``statusReason`` codes of our own.

Those that product gives (``insufficient-stock``, ``unknown-product``, ``reservation-expired`` and
so on) are taken over as they are.
"""

from dataclasses import asdict

from shop.order.model import Money, Reason

REQUESTED = Reason("requested", "it was cancelled on request")
UNPAID = Reason("unpaid", "it was not paid in time")


def unknown_customer(customer_id: str) -> Reason:
    """Return the reason to reject an order of a customer that does not exist."""
    return Reason("unknown-customer", f"there is no customer {customer_id}")


def unlinked(customer_id: str) -> Reason:
    """Return the reason to reject an order that its customer does not show, and so not protect."""
    return Reason("order-unlinked", f"it was unlinked from the customer {customer_id}")


def inactive_customer(customer_id: str) -> Reason:
    """Return the reason to reject an order of a customer that is deactivated."""
    return Reason("inactive-customer", f"the customer {customer_id} is not active")


def price_changed(expected: Money, total: Money) -> Reason:
    """Return the reason to reject an order whose total is not what the caller agreed to."""
    return Reason(
        "price-changed",
        f"the total is {total.amount} {total.currency} in minor units, "
        f"not the expected {expected.amount} {expected.currency}",
        {"total": asdict(total)},
    )

"""What the feed of customers tells."""

from collections.abc import Callable

from shop.common.feed import Watched
from shop.common.mongo import Collection
from shop.common.representation import Representation
from shop.customer.model import Customer
from shop.customer.repository.documents import to_customer


def watched(customers: Collection, encode: Callable[[Customer], Representation]) -> Watched:
    """Return what is told of customers: each is its own."""
    return Watched("customers", customers, lambda stored: encode(to_customer(stored)))

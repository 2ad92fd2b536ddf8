"""What the feed of orders tells: what shows in an order, and none of the work for it."""

from collections.abc import Callable

from shop.common.feed import Watched
from shop.common.mongo import Collection
from shop.common.representation import Representation
from shop.order import documents
from shop.order.model import Order


def watched(orders: Collection, encode: Callable[[Order], Representation]) -> Watched:
    """Return what is told of orders: each is its customer's, and is gone once it is hidden."""
    return Watched(
        "orders",
        orders,
        lambda stored: encode(documents.order_of(stored)),
        owner="customerId",
        deleted="deleted",
        erased="erased",
        unneeded=("events", "wrote"),
    )

"""What can go wrong with orders, as the caller is told."""

from shop.common.errors import Conflict, NotFound, Unprocessable


class UnknownOrder(NotFound):
    """No order has this id, or it was deleted."""

    title = "There is no such order"

    def __init__(self, order_id: str) -> None:
        super().__init__(f"No order has the id {order_id}.")


class IllegalTransition(Conflict):
    """The order is in a status from which this operation does not lead on."""

    code = "illegal-transition"
    title = "The order's status does not allow this"


class OrderOpen(Conflict):
    """Only an order that is over can be deleted."""

    code = "order-open"
    title = "The order is still open"


class NotChangeable(Conflict):
    """The goods have left, or never will: address and note stand as they are."""

    code = "order-not-changeable"
    title = "The order can no longer be changed"


class InsufficientStock(Conflict):
    """There is less on the shelf than was ordered; ``shortages`` names every short line."""

    code = "insufficient-stock"
    title = "There is not enough stock"


class PriceChanged(Conflict):
    """The order's total is not the one that the caller expected."""

    code = "price-changed"
    title = "The total is not the expected one"


class OrderRejected(Conflict):
    """The order ended rejected, for the reason in ``reason``."""

    code = "order-rejected"
    title = "The order was rejected"


class UnknownCustomer(Unprocessable):
    """No customer has this id."""

    code = "unknown-customer"
    title = "There is no such customer"


class InactiveCustomer(Unprocessable):
    """The customer is deactivated and cannot order."""

    code = "inactive-customer"
    title = "The customer is not active"


class UnknownProduct(Unprocessable):
    """A line names a product that does not exist."""

    code = "unknown-product"
    title = "There is no such product"


class MixedCurrencies(Unprocessable):
    """The products of one order are priced in different currencies."""

    code = "mixed-currencies"
    title = "The products are priced in different currencies"


class TotalTooLarge(Unprocessable):
    """The order's total is beyond the largest amount of money that product can tell."""

    code = "total-too-large"
    title = "The total is too large"

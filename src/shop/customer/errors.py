"""What can go wrong with customers and links."""

from shop.common.errors import Conflict, NotFound, PreconditionFailed, Unavailable


class NoSuchCustomer(NotFound):
    """There is no customer with this id."""

    def __init__(self, customer_id: str) -> None:
        super().__init__(f"There is no customer {customer_id}.")


class NoSuchLink(NotFound):
    """The customer has no such order."""

    def __init__(self, customer_id: str, order_id: str) -> None:
        super().__init__(f"Customer {customer_id} has no order {order_id}.")


class EmailTaken(Conflict):
    """Another customer has the email address."""

    code = "email-taken"
    title = "The email address is taken"

    def __init__(self) -> None:
        super().__init__("Another customer has this email address; choose another.")


class OpenOrders(Conflict):
    """The customer has orders that are not final."""

    code = "open-orders"
    title = "The customer has open orders"

    def __init__(self) -> None:
        super().__init__("Deliver or cancel the customer's open orders first.")


class BeingDeleted(Unavailable):
    """Whether the customer will be there is being decided."""

    def __init__(self, customer_id: str) -> None:
        super().__init__(f"Customer {customer_id} is being deleted, or not; try again shortly.")


class OrderUnlinked(Conflict):
    """The order was unlinked, and this version of it is older than that."""

    code = "order-unlinked"
    title = "The order was unlinked"

    def __init__(self, order_id: str) -> None:
        super().__init__(f"Order {order_id} was unlinked at a later orderVersion than this one.")


class Changed(PreconditionFailed):
    """``If-Match`` names another version than the present one."""

    def __init__(self) -> None:
        super().__init__("The resource has changed since it was read; read it again.")

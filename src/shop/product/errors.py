"""What the product service refuses, and why."""

from collections.abc import Iterable, Sequence

from shop.common.errors import Conflict, FieldError, NotFound, PreconditionFailed, Unprocessable
from shop.product.model import Shortage


class ProductNotFound(NotFound):
    """No product has this id."""

    def __init__(self, product_id: str) -> None:
        super().__init__(f"There is no product {product_id}.")


class ReservationNotFound(NotFound):
    """Nothing was ever reserved or released under this order id."""

    def __init__(self, order_id: str) -> None:
        super().__init__(f"There is no reservation for order {order_id}.")


class AdjustmentNotFound(NotFound):
    """The product has no adjustment with this id."""

    def __init__(self, adjustment_id: str) -> None:
        super().__init__(f"There is no stock adjustment {adjustment_id} of this product.")


class SkuTaken(Conflict):
    """Another product has this SKU."""

    code = "sku-taken"
    title = "Another product has this SKU"

    def __init__(self, sku: str) -> None:
        super().__init__(f"Another product has the SKU {sku}; choose a different one.")


class OpenReservations(Conflict):
    """The product cannot be deleted while some of it is reserved."""

    code = "open-reservations"
    title = "The product is reserved by open orders"

    def __init__(self, product_id: str) -> None:
        super().__init__(f"Some of {product_id} is reserved; delete it once that has ended.")


class StaleVersion(PreconditionFailed):
    """``If-Match`` does not name the current version."""

    def __init__(self, resource_id: str) -> None:
        super().__init__(f"{resource_id} has changed since it was read; read it again.")


class InsufficientStock(Conflict):
    """There is less on the shelf than was asked for; every short product is named."""

    code = "insufficient-stock"
    title = "There is not enough stock"

    def __init__(self, shortages: Sequence[Shortage]) -> None:
        super().__init__(
            f"Less is available than was asked for, of products: {len(shortages)}.",
            shortages=[
                {"productId": s.product_id, "requested": s.requested, "available": s.available}
                for s in shortages
            ],
        )


class UnknownProduct(Unprocessable):
    """Some lines name products that do not exist."""

    code = "unknown-product"
    title = "A line names a product that does not exist"

    def __init__(self, faults: Iterable[tuple[int, str]]) -> None:
        fields = [
            FieldError(f"#/lines/{position}/productId", f"There is no product {product_id}.")
            for position, product_id in faults
        ]
        super().__init__(f"Lines that name no product there is: {len(fields)}.", fields=fields)


class MixedCurrencies(Unprocessable):
    """The products are priced in different currencies, so they have no total."""

    code = "mixed-currencies"
    title = "The products are priced in different currencies"

    def __init__(self, currencies: Iterable[str]) -> None:
        named = ", ".join(sorted(currencies))
        super().__init__(f"One order is in one currency, these are in {named}.")


class TotalTooLarge(Unprocessable):
    """The lines add up to more than an amount of money can be."""

    code = "total-too-large"
    title = "The total is too large"

    def __init__(self, largest: int) -> None:
        super().__init__(f"The lines add up to more than {largest} minor units; order less.")


class ReservationDiffers(Conflict):
    """The order id has a reservation already, with other lines."""

    code = "reservation-differs"
    title = "The order has a reservation with other lines"

    def __init__(self, order_id: str) -> None:
        super().__init__(f"Order {order_id} is reserved already, with other lines.")


class ReservationReleased(Conflict):
    """The reservation was given back, and an order id is never used again."""

    code = "reservation-released"
    title = "The reservation was released"

    def __init__(self, order_id: str) -> None:
        super().__init__(f"The reservation of order {order_id} was released; use a new order.")


class ReservationExpired(Conflict):
    """The hold ran out before it was committed."""

    code = "reservation-expired"
    title = "The reservation has expired"

    def __init__(self, order_id: str) -> None:
        super().__init__(f"The reservation of order {order_id} has expired; use a new order.")

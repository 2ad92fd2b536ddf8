"""Products, their stock, and the reservations of orders: frozen values and pure rules."""

from shop.product.model.movement import Mark, Movement, Op
from shop.product.model.product import (
    Product,
    ProductDetails,
    ProductFilter,
    ShelfItem,
    Shortage,
    Stock,
)
from shop.product.model.reservation import (
    TRANSITIONS,
    Adjustment,
    Hold,
    Line,
    Reservation,
    State,
    total,
)

__all__ = [
    "TRANSITIONS",
    "Adjustment",
    "Hold",
    "Line",
    "Mark",
    "Movement",
    "Op",
    "Product",
    "ProductDetails",
    "ProductFilter",
    "Reservation",
    "ShelfItem",
    "Shortage",
    "State",
    "Stock",
    "total",
]

"""What the product service does: use cases, and the Protocols that say what they need.

- ``catalogue``: create, show, list, change and delete products; never their stock.
- ``reservations``: hold stock for an order, and commit, release or expire what is held.
- ``adjustments``: goods that come in, or get lost.
- ``movements``: how a change of stock is applied exactly once, whatever dies on the way.
- ``sweeper``: expires what is overdue, and finishes what others have left half done.
"""

from shop.product.service.adjustments import AdjustmentJournal, Adjustments
from shop.product.service.catalogue import Catalogue, Products
from shop.product.service.movements import Entry, Journal, LeaseLost, Movements, Shelf
from shop.product.service.reservations import ReservationJournal, Reservations, Reserved
from shop.product.service.sweeper import Sweeper

__all__ = [
    "AdjustmentJournal",
    "Adjustments",
    "Catalogue",
    "Entry",
    "Journal",
    "LeaseLost",
    "Movements",
    "Products",
    "ReservationJournal",
    "Reservations",
    "Reserved",
    "Shelf",
    "Sweeper",
]

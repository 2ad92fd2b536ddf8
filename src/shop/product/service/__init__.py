"""What the product service does: use cases, and the Protocols that say what they need.

- ``catalogue``: create, show, list, change and delete products; never their stock.
- ``reservations``: hold stock for an order, and commit, release or expire what is held.
- ``adjustments``: goods that come in, or get lost.
- ``movements``: how a change of stock is applied exactly once, whatever dies on the way.
- ``takes``: the same where stock is taken for an order.
- ``sweeper``: expires what is overdue, and finishes what others have left half done.
- ``stores``: what those that move stock need of the database.
"""

from shop.product.service.adjustments import AdjustmentJournal, Adjustments
from shop.product.service.catalogue import Catalogue, Products
from shop.product.service.movements import LeaseLost, Movements
from shop.product.service.reservations import Reservations
from shop.product.service.stores import Entry, Journal, ReservationJournal, Shelf
from shop.product.service.sweeper import Sweeper
from shop.product.service.takes import Reserved, Takes

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
    "Takes",
]

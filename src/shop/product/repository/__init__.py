"""The product service's data in MongoDB.

- ``products``: the catalogue.
- ``cached``: the same, with a cache in front of the reads by id.
- ``shelf``: the stock in the same documents, changed by guarded updates only.
- ``reservations`` and ``adjustments``: the journals of what moves the stock.
- ``documents``: documents from model objects and back; ``indexes``: what is created at start-up.
"""

from shop.product.repository.adjustments import MongoAdjustments
from shop.product.repository.cached import CachedProducts
from shop.product.repository.indexes import create_indexes
from shop.product.repository.products import MongoProducts
from shop.product.repository.reservations import MongoReservations
from shop.product.repository.shelf import MongoShelf

__all__ = [
    "CachedProducts",
    "MongoAdjustments",
    "MongoProducts",
    "MongoReservations",
    "MongoShelf",
    "create_indexes",
]

"""Where customers and links are kept: MongoDB, with a cache in front of the reads by id."""

from shop.customer.repository.cached import CachedCustomers, CachedLinks
from shop.customer.repository.customers import INDEXES as CUSTOMER_INDEXES
from shop.customer.repository.customers import MongoCustomers
from shop.customer.repository.erasures import INDEXES as ERASURE_INDEXES
from shop.customer.repository.erasures import MongoErasures
from shop.customer.repository.links import INDEXES as LINK_INDEXES
from shop.customer.repository.links import MongoLinks
from shop.customer.repository.told import watched

__all__ = [
    "CUSTOMER_INDEXES",
    "ERASURE_INDEXES",
    "LINK_INDEXES",
    "CachedCustomers",
    "CachedLinks",
    "MongoCustomers",
    "MongoErasures",
    "MongoLinks",
    "watched",
]

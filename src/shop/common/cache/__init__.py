"""A cache of encoded resources in front of the reads by id, and what gathers those reads.

- ``protocol``: what the stores ask of a cache; the cache of a service that has none.
- ``read_through``: Redis read through, never behind a completed write.
- ``glance``: what is there, for who waits in no task.
- ``absence``: what happens while Redis is away.
- ``store``, ``multiplexed``, ``connection``: values and marks in Redis; one connection for all
  who ask.
- ``loader``: what is not in the cache, read from the database in one query.
- ``opened``: opens the cache that the configuration names.
"""

from shop.common.cache.glance import LoaderGlance
from shop.common.cache.loader import Loader
from shop.common.cache.opened import connection_to, opened
from shop.common.cache.protocol import Cache, NoCache, writing
from shop.common.cache.read_through import RedisReadThrough
from shop.common.cache.store import Script

__all__ = [
    "Cache",
    "Loader",
    "LoaderGlance",
    "NoCache",
    "RedisReadThrough",
    "Script",
    "connection_to",
    "opened",
    "writing",
]

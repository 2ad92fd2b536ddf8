"""Opens the cache that the configuration names."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry
from redis.asyncio import Connection as Address
from redis.asyncio import ConnectionPool

from shop.common.cache.metrics import CacheMetrics
from shop.common.cache.multiplexed import Multiplexed
from shop.common.cache.protocol import Cache, NoCache
from shop.common.cache.read_through import RedisReadThrough
from shop.common.cache.store import RedisStore
from shop.common.config import RedisConfig
from shop.common.settings import ConfigError


@asynccontextmanager
async def opened(
    config: RedisConfig, namespace: str, registry: CollectorRegistry | None = None
) -> AsyncIterator[Cache]:
    """Give the cache that the configuration names, and close it at the end.

    ``registry``: where it is measured; None: nowhere.
    """
    if not config.url:
        yield NoCache()
        return
    redis = connection_to(config)
    store = RedisStore(redis, namespace)
    cache = RedisReadThrough(store, config.ttl_s)
    if registry is not None:
        CacheMetrics(registry, cache, redis)
    try:
        yield cache
    finally:
        await cache.close()
        await store.close()


def connection_to(config: RedisConfig) -> Multiplexed:
    """Return a connection, made when one is needed; raise ConfigError for an address that is none.

    Whoever has it closes it.
    """
    return Multiplexed(_address(config.url), config.timeout_s)


def _address(url: str) -> Address:
    """Return what redis-py makes of an address; it never connects by itself.

    Raises ConfigError for one that cannot be understood.
    """
    unclear = ConfigError("SHOP_REDIS_URL: this is no address that Redis understands.")
    try:
        pool = ConnectionPool.from_url(url)
        address = pool.connection_class(**pool.connection_kwargs)
    except (ValueError, TypeError):  # what they say may quote the password
        raise unclear from None
    if not isinstance(address, Address):
        raise unclear
    return address

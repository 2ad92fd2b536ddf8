"""The database of a service, and the cache in front of it."""

from dataclasses import dataclass

from shop.common.config.checks import DATABASE, MONGO, REDIS, SECONDS
from shop.common.settings import setting


@dataclass(frozen=True)
class MongoConfig:
    """The database of one service."""

    uri: str = setting(
        "SHOP_MONGO_URI",
        "mongodb://127.0.0.1:27017",
        "mongodb:// or mongodb+srv:// address",
        flag="--mongo",
        secret=True,
        check=MONGO,
    )
    database: str = setting(
        "SHOP_MONGO_DATABASE", "shop", "database name", flag="--database", check=DATABASE
    )
    timeout_s: float = setting(
        "SHOP_MONGO_TIMEOUT_S",
        5.0,
        "the most time one operation is given, in seconds",
        check=SECONDS,
    )


@dataclass(frozen=True)
class RedisConfig:
    """The cache in front of the database's reads by id."""

    url: str = setting(
        "SHOP_REDIS_URL",
        "redis://127.0.0.1:6379",
        "redis:// or rediss:// address; empty: no cache",
        flag="--redis",
        secret=True,
        check=REDIS,
    )
    timeout_s: float = setting(
        "SHOP_REDIS_TIMEOUT_S", 0.25, "the longest wait for the cache, in seconds", check=SECONDS
    )
    ttl_s: float = setting(
        "SHOP_CACHE_TTL_S", 60.0, "how long a cached resource lives, in seconds", check=SECONDS
    )

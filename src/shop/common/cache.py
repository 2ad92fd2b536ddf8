"""A read-through cache in front of reads by id: Redis, through aiocache.

Values are encoded resources behind their version. Three rules keep what is read from ever being
older than a completed write (Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013, solves
the same race with leases):

* a write leaves a *mark* with its version in the place of the value;
* a value is only stored over a mark or a value of its own version or an older one, so a slow
  loader cannot put back what it read before the write;
* who finds a mark reads the database by itself, and never joins a load that began earlier.

A mark outlives every load that can have begun before it. Redis is never needed: where it is away
or slow, reads go to the database, and one log line says so.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from contextvars import Context
from itertools import islice
from typing import Protocol

import structlog
from aiocache import RedisCache
from aiocache.serializers import BaseSerializer
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from shop.common.config import RedisConfig
from shop.common.representation import Representation

log = structlog.get_logger()

Load = Callable[[], Awaitable[Representation]]

GONE = 2**53 - 1  # the version of a resource that was deleted: no load is newer
_MARK_TTL_S = 15.0  # longer than any load: an operation on the database ends well before
_PROBE_S = 0.5
_AWAY = (RedisError, OSError, TimeoutError)

# Stores ARGV[1] for ARGV[2] milliseconds, unless what is there is newer than version ARGV[3].
_STORE_UNLESS_NEWER = """
local there = redis.call('get', KEYS[1])
if there and tonumber(string.match(there, '^%d+')) > tonumber(ARGV[3]) then return 0 end
redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2])
return 1
"""


class Cache(Protocol):
    """Where encoded resources are kept on their way out."""

    async def read(self, key: str, load: Load) -> Representation:
        """Return the resource from the cache, or else from ``load``, whose errors pass."""

    async def written(self, key: str, version: int) -> None:
        """Let no reader be given a version before ``version`` from now on."""


class NoCache:
    """The cache of a service that has none: every read is a load."""

    async def read(self, key: str, load: Load) -> Representation:  # noqa: ARG002
        """Load."""
        return await load()

    async def written(self, key: str, version: int) -> None:
        """Do nothing: nothing is kept."""


class RedisReadThrough:
    """The cache of a service, shared by its instances."""

    def __init__(self, store: RedisCache, ttl_s: float) -> None:
        self._store = store
        self._ttl_s = ttl_s
        self._flights: dict[str, asyncio.Task[Representation]] = {}
        self._owed: dict[str, int] = {}
        self._prober: asyncio.Task[None] | None = None  # there while Redis is away

    async def read(self, key: str, load: Load) -> Representation:
        """Return the resource from Redis, or load it once for all who ask at the same time."""
        if self._prober:
            return await load()
        try:
            found = await self._store.get(key)
        except _AWAY as error:
            self._turn_away(error)
            return await load()
        if found is None:
            return await self._load_once(key, load)
        there = Representation.unpack(found)
        return there if there.body else await self._load_and_store(key, load)

    async def written(self, key: str, version: int) -> None:
        """Leave a mark; where Redis is away owe it, and read past the cache until it is paid."""
        self._flights.pop(key, None)
        if not self._prober:
            try:
                return await self._mark(key, version)
            except _AWAY as error:
                self._turn_away(error)
        self._owed[key] = max(version, self._owed.get(key, 0))
        return None

    async def close(self) -> None:
        """Stop what still goes on in the background."""
        tasks = [*self._flights.values(), *([self._prober] if self._prober else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _load_once(self, key: str, load: Load) -> Representation:
        flight = self._flights.get(key)
        if flight is None:
            # In a context of its own: one caller's deadline must not end the others' load.
            work = self._load_and_store(key, load)
            flight = asyncio.get_running_loop().create_task(work, context=Context())
            self._flights[key] = flight
            flight.add_done_callback(lambda done: self._landed(key, done))
        return await asyncio.shield(flight)

    def _landed(self, key: str, flight: asyncio.Task[Representation]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not flight.cancelled():
            flight.exception()  # seen: every caller may have gone

    async def _load_and_store(self, key: str, load: Load) -> Representation:
        loaded = await load()
        try:
            await self._store_unless_newer(key, loaded, self._ttl_s)
        except _AWAY as error:
            self._turn_away(error)
        return loaded

    async def _mark(self, key: str, version: int) -> None:
        await self._store_unless_newer(key, Representation(version, b""), _MARK_TTL_S)

    async def _store_unless_newer(self, key: str, value: Representation, ttl_s: float) -> None:
        name = self._store.build_key(key)
        arguments = (value.pack(), int(ttl_s * 1000), value.version)
        await self._store.raw("eval", _STORE_UNLESS_NEWER, 1, name, *arguments)

    def _turn_away(self, error: Exception) -> None:
        if not self._prober:
            log.warning("cache is away, reads go to the database", error=repr(error))
            work = self._come_back()
            self._prober = asyncio.get_running_loop().create_task(work, context=Context())

    async def _come_back(self) -> None:
        while True:
            await asyncio.sleep(_PROBE_S)
            with suppress(*_AWAY):
                await self._store.exists("probe")
                await self._pay()
                break
        self._prober = None
        log.info("cache is back")

    async def _pay(self) -> None:
        while self._owed:
            some = list(islice(self._owed.items(), 100))
            await asyncio.gather(*(self._mark(key, version) for key, version in some))
            for key, version in some:
                if self._owed[key] == version:
                    del self._owed[key]


class _Bytes(BaseSerializer):  # type: ignore[misc]
    """Hands bytes through: what is cached is encoded already."""

    DEFAULT_ENCODING = None

    def dumps(self, value: bytes) -> bytes:
        """Return it."""
        return value

    def loads(self, value: bytes | None) -> bytes | None:
        """Return it."""
        return value


@asynccontextmanager
async def opened(config: RedisConfig, namespace: str) -> AsyncIterator[Cache]:
    """Give the cache that the configuration names, and close it at the end."""
    if not config.url:
        yield NoCache()
        return
    store = RedisCache(serializer=_Bytes(), namespace=namespace, timeout=0)
    store.client = Redis(connection_pool=_pool(config))
    cache = RedisReadThrough(store, config.ttl_s)
    try:
        yield cache
    finally:
        await cache.close()
        await store.client.aclose()
        await store.client.connection_pool.disconnect()


def _pool(config: RedisConfig) -> BlockingConnectionPool:
    """Return a pool whose waits are bounded: for a connection, to connect, and for an answer."""
    return BlockingConnectionPool.from_url(
        config.url,
        max_connections=64,
        timeout=config.timeout_s,
        socket_timeout=config.timeout_s,
        socket_connect_timeout=config.timeout_s,
        retry=Retry(NoBackoff(), 0),
    )

"""A read-through cache in front of reads by id: Redis, through aiocache.

What is read is never older than a write that was completed before, on whichever instance:

* a write leaves a *mark* in the place of the value, with the time on Redis's own clock;
* a load knows, by the same clock, when it began, and its value is stored only over a mark or a
  value that is older than that. So a slow loader cannot put back what it read before the write;
* who finds a mark never joins a load that may have begun before it.

(Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013, solves the same race with leases.)
A mark outlives every load that began before it: one that took longer is not stored. Redis is
never needed: where it is away or slow, reads go to the database, and one log line says so.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from contextvars import Context
from dataclasses import dataclass
from itertools import islice
from time import monotonic
from typing import Any, Protocol

import structlog
from aiocache import RedisCache
from aiocache.serializers import BaseSerializer
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from shop.common import fresh
from shop.common.config import RedisConfig
from shop.common.representation import Representation
from shop.common.settings import ConfigError

log = structlog.get_logger()

Load = Callable[[], Awaitable[Representation]]

_MARK_TTL_S = 15.0  # an operation on the database ends well before
_PROBE_S = 0.5
# uvloop raises RuntimeError for a connection that was reset between two writes to it.
_AWAY = (RedisError, OSError, TimeoutError, RuntimeError)

# Values and marks begin with a time in microseconds and a line break; a mark has nothing more.
_MARK = """
local now = redis.call('time')
local token = string.format('%.0f', now[1] * 1000000 + now[2])
return redis.call('set', KEYS[1], token .. '\\n', 'px', ARGV[1])
"""
_FILL = """
local now, there = redis.call('time'), redis.call('get', KEYS[1])
if now[1] * 1000000 + now[2] - tonumber(ARGV[2]) > tonumber(ARGV[4]) then return false end
if there and tonumber(string.match(there, '^%d+')) >= tonumber(ARGV[2]) then return false end
return redis.call('set', KEYS[1], ARGV[2] .. '\\n' .. ARGV[1], 'px', ARGV[3])
"""


class Cache(Protocol):
    """Where encoded resources are kept on their way out."""

    async def read(self, key: str, load: Load) -> Representation:
        """Return the resource from the cache, or else from ``load``, whose errors pass."""

    async def written(self, key: str) -> None:
        """Let no reader be given from now on what was there before the write that just ended."""


@asynccontextmanager
async def writing(cache: Cache, *keys: str) -> AsyncIterator[None]:
    """Mark these keys when the write inside has ended, in whatever way: it may have been made."""
    try:
        yield
    finally:
        for key in keys:
            await cache.written(key)


class NoCache:
    """The cache of a service that has none: every read is a load."""

    async def read(self, key: str, load: Load) -> Representation:  # noqa: ARG002
        """Load."""
        return await load()

    async def written(self, key: str) -> None:
        """Do nothing: nothing is kept."""


@dataclass(frozen=True)
class _Flight:
    """A load under way that others may wait for; it began after the mark of this time."""

    mark: int
    task: asyncio.Task[Representation]


class RedisReadThrough:
    """The cache of a service, shared by its instances."""

    def __init__(self, store: RedisCache, ttl_s: float) -> None:
        self._store = store
        self._ttl_s = ttl_s
        # A load that took longer could outlive the mark, or the value that took the mark's place.
        longest_s = min(ttl_s, _MARK_TTL_S)
        self._limits = (int(ttl_s * 1000), int(longest_s * 1_000_000))
        self._flights: dict[str, _Flight] = {}
        self._owed: dict[str, float] = {}
        self._prober: asyncio.Task[None] | None = None  # there while Redis is away

    async def read(self, key: str, load: Load) -> Representation:
        """Return the resource from Redis, or load it once for all who ask at the same time."""
        if self._prober or fresh.wanted():
            return await load()
        try:
            found = await self._store.get(key)
        except _AWAY as error:
            self._turn_away(error)
            return await load()
        token, _, value = (found or b"0\n").partition(b"\n")
        return Representation.unpack(value) if value else await self._load(key, load, int(token))

    async def written(self, key: str) -> None:
        """Leave a mark; where Redis is away owe it, and read past the cache until it is paid."""
        self._flights.pop(key, None)
        if not self._prober:
            try:
                return await self._mark(key)
            except _AWAY as error:
                self._turn_away(error)
        self._owed.pop(key, None)
        self._owed[key] = monotonic()
        return None

    async def close(self) -> None:
        """Stop what still goes on in the background."""
        tasks: list[asyncio.Task[Any]] = [flight.task for flight in self._flights.values()]
        tasks += [self._prober] if self._prober else []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _load(self, key: str, load: Load, mark: int) -> Representation:
        flight = self._flights.get(key)
        if flight is None or flight.mark < mark:
            # In a context of its own: one caller's deadline must not end the others' load.
            work = self._load_and_fill(key, load)
            task = asyncio.get_running_loop().create_task(work, context=Context())
            flight = self._flights[key] = _Flight(mark, task)
            task.add_done_callback(lambda _: self._landed(key, flight))
        return await asyncio.shield(flight.task)

    def _landed(self, key: str, flight: _Flight) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not flight.task.cancelled():
            flight.task.exception()  # seen: every caller may have gone

    async def _load_and_fill(self, key: str, load: Load) -> Representation:
        try:
            seconds, microseconds = await self._store.raw("time")
        except _AWAY as error:
            self._turn_away(error)
            return await load()
        loaded = await load()
        began = seconds * 1_000_000 + microseconds
        try:
            await self._run(_FILL, key, loaded.pack(), began, *self._limits)
        except _AWAY as error:
            self._turn_away(error)
        return loaded

    async def _mark(self, key: str) -> None:
        await self._run(_MARK, key, int(_MARK_TTL_S * 1000))

    async def _run(self, script: str, key: str, *arguments: bytes | int) -> None:
        await self._store.raw("eval", script, 1, self._store.build_key(key), *arguments)

    def _turn_away(self, error: Exception) -> None:
        if not self._prober:
            log.warning("cache is away, reads go to the database", error=repr(error))
            work = self._come_back()
            self._prober = asyncio.get_running_loop().create_task(work, context=Context())

    async def _come_back(self) -> None:
        while True:
            await asyncio.sleep(_PROBE_S)
            self._forgive()
            with suppress(*_AWAY):
                await self._mark("probe")  # a write: a server that can only be read is of no use
                await self._pay()
                break
        self._prober = None
        log.info("cache is back")

    async def _pay(self) -> None:
        while self._owed:
            some = list(islice(self._owed.items(), 100))
            await asyncio.gather(*(self._mark(key) for key, _ in some))
            for key, since in some:
                if self._owed[key] == since:
                    del self._owed[key]

    def _forgive(self) -> None:
        """Forget the marks owed for so long that what they would hide has expired."""
        oldest = monotonic() - self._ttl_s - _MARK_TTL_S
        while self._owed and next(iter(self._owed.values())) < oldest:
            del self._owed[next(iter(self._owed))]


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
    """Return a pool whose waits are bounded: for a connection, to connect, and for an answer.

    Raises ConfigError for an address that cannot be understood.
    """
    try:
        return BlockingConnectionPool.from_url(
            config.url,
            max_connections=64,
            timeout=config.timeout_s,
            socket_timeout=config.timeout_s,
            socket_connect_timeout=config.timeout_s,
            retry=Retry(NoBackoff(), 0),
        )
    except ValueError:  # what it says may quote the password
        raise ConfigError("SHOP_REDIS_URL: this is no address that Redis understands.") from None

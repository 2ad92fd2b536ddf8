"""Values and marks in Redis: a backend under aiocache's interface, over one shared connection.

A value begins with the time at which its load began, a mark is nothing but the time at which it
was left: microseconds on Redis's own clock, and a line break. A mark gives way to loads that began
after it, and to them only.
"""

import asyncio
from collections.abc import Sequence
from hashlib import sha1
from typing import Any

from aiocache.base import BaseCache
from aiocache.serializers import NullSerializer
from redis.exceptions import ResponseError

from shop.common.cache.connection import Reply, command, strings
from shop.common.cache.multiplexed import Multiplexed
from shop.common.waiting import Waiting

_TIME = command("TIME")


class Script:
    """A Lua script with one key, sent by name; with its text only where Redis does not know it."""

    def __init__(self, text: str) -> None:
        self._text = text
        digest = sha1(text.encode(), usedforsecurity=False).hexdigest()
        self._by_name, self._by_text = strings("EVALSHA", digest, "1"), strings("EVAL", text, "1")

    async def run(self, redis: Multiplexed, key: str, *arguments: str | bytes) -> Reply:
        """Run it; raise what ``Multiplexed.ask`` does."""
        count, told = b"*%d\r\n" % (4 + len(arguments)), strings(key, *arguments)
        try:
            return await redis.ask(count + self._by_name + told)
        except ResponseError as error:
            if not str(error).startswith("NOSCRIPT"):
                raise
        return await redis.ask(count + self._by_text + told)


_MARK = Script("""
local now = redis.call('time')
local token = string.format('%.0f', now[1] * 1000000 + now[2])
return redis.call('set', KEYS[1], token .. '\\n', 'px', ARGV[1])
""")
_FILL = Script("""
local now, there = redis.call('time'), redis.call('get', KEYS[1])
if now[1] * 1000000 + now[2] - tonumber(ARGV[2]) > tonumber(ARGV[4]) then return false end
if there and tonumber(string.match(there, '^%d+')) >= tonumber(ARGV[2]) then return false end
return redis.call('set', KEYS[1], ARGV[2] .. '\\n' .. ARGV[1], 'px', ARGV[3])
""")


class _Time:
    """Waits for the replies that tell the time."""

    now_us = 0

    def done(self) -> bool:
        """Say that it is waited for still."""
        return False

    def set_result(self, time: Sequence[bytes]) -> None:
        """Keep it."""
        seconds, microseconds = time
        self.now_us = int(seconds) * 1_000_000 + int(microseconds)

    def set_exception(self, error: Exception) -> None:
        """Leave the error to those who asked for more than the time."""


class RedisStore(BaseCache):  # type: ignore[misc]
    """Redis under aiocache's interface, and the marks that keep its values in order.

    aiocache wraps a backend's ``get`` in four decorators, none of which is of use here, and which
    cost as much as all the rest: so it is overridden.
    """

    NAME = "shop-redis"

    def __init__(self, redis: Multiplexed, namespace: str) -> None:
        super().__init__(
            serializer=NullSerializer(),
            namespace=namespace,
            key_builder=lambda key, namespace=namespace: f"{namespace}:{key}",
            timeout=0,
        )
        self._redis = redis
        self._prefix = f"{namespace}:"
        self._timed = -1  # the last batch that asked for the time
        self._time = _Time()

    @property
    def now_us(self) -> int:
        """Redis's time, never ahead of it, and not older than the last answer to a ``get``."""
        return self._time.now_us

    def get(self, key: str) -> "asyncio.Future[bytes | None]":
        """Return what is there, a value or a mark; raise as ``Multiplexed.ask`` does."""
        reply: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        self.look(key, reply)
        return reply

    def look(self, key: str, waiting: Waiting[bytes | None]) -> None:
        """Tell ``waiting`` what is there, a value or a mark."""
        if self._timed != self._redis.batch:  # once for all of them: a load needs to know it
            self._timed = self._redis.batch
            self._redis.send(_TIME, self._time)
        name = (self._prefix + key).encode()
        self._redis.send(b"*2\r\n$3\r\nGET\r\n$%d\r\n%b\r\n" % (len(name), name), waiting)

    async def mark(self, key: str, ttl_s: float) -> None:
        """Leave a mark; raise as ``Multiplexed.ask`` does."""
        await _MARK.run(self._redis, self.build_key(key), _ms(ttl_s))

    async def fill(
        self, key: str, value: bytes, began_us: int, *, ttl_s: float, most_s: float
    ) -> None:
        """Store what a load found that began then, unless something newer is there.

        What took longer than ``most_s`` is not stored. Raises as ``Multiplexed.ask`` does.
        """
        most_us = str(int(most_s * 1_000_000))
        await _FILL.run(self._redis, self.build_key(key), value, str(began_us), _ms(ttl_s), most_us)

    # --- What aiocache asks of a backend ---------------------------------------------------------

    async def _get(self, key: str, **_: None) -> bytes | None:
        found: bytes | None = await self._redis.ask(command("GET", key))
        return found

    async def _multi_get(self, keys: Sequence[str], **_: None) -> Sequence[bytes | None]:
        found: Sequence[bytes | None] = await self._redis.ask(command("MGET", *keys))
        return found

    async def _set(self, key: str, value: bytes, ttl: float | None = None, **_: None) -> bool:
        expiry = ("PX", _ms(ttl)) if ttl else ()
        return bool(await self._redis.ask(command("SET", key, value, *expiry)) == b"OK")

    async def _delete(self, key: str, **_: None) -> int:
        return int(await self._redis.ask(command("DEL", key)))

    async def _raw(self, name: str, *parts: str | bytes, **_: None) -> Any:
        return await self._redis.ask(command(name, *parts))

    async def _close(self, **_: None) -> None:
        await self._redis.close()


def _ms(seconds: float) -> str:
    return str(int(seconds * 1000))

"""What all instances have let in, in Redis: one number per caller, gone when it is due."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from contextvars import Context

import structlog
from redis.exceptions import RedisError

from shop.common.cache import Script, connection_to
from shop.common.cache.connection import Multiplexed
from shop.common.config import RedisConfig
from shop.common.rate.limiter import Limiter

log = structlog.get_logger()

# Redis's own clock, in microseconds: those of the instances may differ.
_SPEND = Script("""
local t = redis.call('time')
local now = t[1] * 1000000 + t[2]
local due = math.max(tonumber(redis.call('get', KEYS[1]) or 0), now) + tonumber(ARGV[1])
redis.call('set', KEYS[1], string.format('%.0f', due), 'px', math.ceil((due - now) / 1000) + 1)
return string.format('%.0f', due - now)
""")


class RedisLedger:
    """Raises nothing: where Redis is away, that is logged once, and nobody is told anything."""

    def __init__(self, redis: Multiplexed, namespace: str) -> None:
        self._redis = redis
        self._namespace = namespace
        self._settling: set[asyncio.Task[None]] = set()
        self.is_away = False

    def settle(self, caller: str, spent_s: float, told: Callable[[float], None]) -> None:
        """Add what a caller was let in for; ``told`` hears how far ahead it is over all."""
        task = asyncio.get_running_loop().create_task(
            self._settle(caller, spent_s, told), context=Context()
        )
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)

    @property
    def pending(self) -> int:
        """How many chunks have not been answered yet."""
        return len(self._settling)

    async def close(self) -> None:
        """Wait for what is under way; it has a deadline of its own."""
        await asyncio.gather(*self._settling, return_exceptions=True)
        await self._redis.close()

    async def _settle(self, caller: str, spent_s: float, told: Callable[[float], None]) -> None:
        key, spent_us = f"{self._namespace}:{caller}", f"{spent_s * 1e6:.0f}"
        try:
            ahead_us = await _SPEND.run(self._redis, key, spent_us)
        except (RedisError, OSError, TimeoutError) as error:
            if not self.is_away:
                self.is_away = True
                log.warning("rate limits are not shared: Redis is away", error=str(error))
            return
        if self.is_away:
            self.is_away = False
            log.info("rate limits are shared again")
        told(float(ahead_us) / 1e6)


@asynccontextmanager
async def opened(
    limiters: Collection[tuple[str, Limiter]], config: RedisConfig, namespace: str
) -> AsyncIterator[None]:
    """Have limiters, each by a name, share what they let in, if there is a Redis."""
    if not limiters or not config.url:
        yield
        return
    redis = connection_to(config)
    ledgers = [RedisLedger(redis, f"{namespace}:rate:{name}") for name, _ in limiters]
    for (_, limiter), ledger in zip(limiters, ledgers, strict=True):
        limiter.ledger = ledger
    try:
        yield
    finally:
        for (_, limiter), ledger in zip(limiters, ledgers, strict=True):
            limiter.ledger = None
            await ledger.close()

"""What all instances have let in, in Redis: one number per caller, gone when it is due."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from contextvars import Context
from time import monotonic

import structlog
from redis.exceptions import RedisError

from shop.common.cache import Script, connection_to
from shop.common.cache.multiplexed import Multiplexed
from shop.common.config import RedisConfig
from shop.common.rate.limiter import Clock, Limiter

log = structlog.get_logger()

# Redis's own clock, in microseconds: those of the instances may differ. A chunk counts from when
# it was sent, for a Redis that hung does then what it was asked before.
_SPEND = Script("""
local t = redis.call('time')
local now = t[1] * 1000000 + t[2]
local since = math.min(tonumber(ARGV[2]), now)
local due = math.max(tonumber(redis.call('get', KEYS[1]) or 0), since) + tonumber(ARGV[1])
if due > now then
  redis.call('set', KEYS[1], string.format('%.0f', due), 'px', math.ceil((due - now) / 1000) + 1)
end
return {string.format('%.0f', math.max(due - now, 0)), string.format('%.0f', now)}
""")
_NOT_KNOWN_US = 9e15


class RedisLedger:
    """Raises nothing: where Redis is away, that is logged once, and nobody is told anything."""

    def __init__(self, redis: Multiplexed, namespace: str, clock: Clock = monotonic) -> None:
        self._redis = redis
        self._namespace = namespace
        self._clock = clock
        self._settling: set[asyncio.Task[None]] = set()
        self._away_since_s: float | None = None
        self._was_away_s = 0.0
        self._redis_ahead_us = _NOT_KNOWN_US  # of our clock; late answers say a little too much

    def settle(self, caller: str, spent_s: float, told: Callable[[float], None]) -> None:
        """Add what a caller was let in for; ``told`` hears how far ahead it is over all."""
        task = asyncio.get_running_loop().create_task(
            self._settle(caller, spent_s, told), context=Context()
        )
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)

    @property
    def away_s(self) -> float:
        """For how long Redis has been away in all, from a chunk that failed to one that did not."""
        since_s = self._away_since_s
        return self._was_away_s + (0.0 if since_s is None else self._clock() - since_s)

    @property
    def pending(self) -> int:
        """How many chunks have not been answered yet."""
        return len(self._settling)

    async def close(self) -> None:
        """Wait for what is under way; it has a deadline of its own."""
        await asyncio.gather(*self._settling, return_exceptions=True)
        await self._redis.close()

    async def _settle(self, caller: str, spent_s: float, told: Callable[[float], None]) -> None:
        key, asked_us = f"{self._namespace}:{caller}", self._clock() * 1e6
        spent_us, since_us = f"{spent_s * 1e6:.0f}", f"{asked_us + self._redis_ahead_us:.0f}"
        try:
            ahead_us, now_us = await _SPEND.run(self._redis, key, spent_us, since_us)
        except (RedisError, OSError, TimeoutError) as error:
            if self._away_since_s is None:
                self._away_since_s = self._clock()
                log.warning("rate limits are not shared: Redis is away", error=str(error))
            return
        if self._away_since_s is not None:
            self._was_away_s, self._away_since_s = self.away_s, None
            log.info("rate limits are shared again")
        self._redis_ahead_us = float(now_us) - asked_us
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

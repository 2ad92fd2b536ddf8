"""While Redis is away: reads and writes go past it, and the marks that it should have got are owed.

They are paid before anything is read from it again, so that what it kept from before is not shown.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import Context
from itertools import islice
from time import monotonic

import structlog
from redis.exceptions import RedisError

log = structlog.get_logger()

# uvloop raises RuntimeError for a connection that was reset between two writes to it.
AWAY = (RedisError, OSError, TimeoutError, RuntimeError)

_PROBE_S = 0.5
_AT_ONCE = 100


class Absence:
    """Knows whether Redis is away, what is owed to it, and when it is back.

    ``mark`` leaves a mark there. What is owed for longer than ``outlived_s`` is forgotten: what it
    would hide has expired.
    """

    def __init__(self, mark: Callable[[str], Awaitable[None]], outlived_s: float) -> None:
        self._mark = mark
        self._outlived_s = outlived_s
        self._prober: asyncio.Task[None] | None = None
        self.owed: dict[str, float] = {}
        self.goes_on = False

    def begin(self, error: Exception) -> None:
        """Read and write past Redis from now on; it failed with this error."""
        if not self.goes_on:
            self.goes_on = True
            log.warning("cache is away, reads go to the database", error=repr(error))
            work = self._end()
            self._prober = asyncio.get_running_loop().create_task(work, context=Context())

    def owe(self, key: str) -> None:
        """Leave a mark for this key as soon as Redis is back."""
        self.owed.pop(key, None)
        self.owed[key] = monotonic()

    async def close(self) -> None:
        """Look no longer whether it is back."""
        if self._prober is not None:
            self._prober.cancel()
            await asyncio.gather(self._prober, return_exceptions=True)

    async def _end(self) -> None:
        while True:
            await asyncio.sleep(_PROBE_S)
            self._forgive()
            with suppress(*AWAY):
                await self._mark("probe")  # a write: a server that can only be read is of no use
                await self._pay()
                break
        self.goes_on = False
        log.info("cache is back")

    async def _pay(self) -> None:
        while self.owed:
            some = list(islice(self.owed.items(), _AT_ONCE))
            await asyncio.gather(*(self._mark(key) for key, _ in some))
            for key, since in some:
                if self.owed[key] == since:
                    del self.owed[key]

    def _forgive(self) -> None:
        oldest = monotonic() - self._outlived_s
        while self.owed and next(iter(self.owed.values())) < oldest:
            del self.owed[next(iter(self.owed))]

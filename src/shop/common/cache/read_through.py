"""A read-through cache in front of reads by id, in Redis.

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
from contextvars import Context
from dataclasses import dataclass

from shop.common import fresh, trace
from shop.common.cache.absence import AWAY, Absence
from shop.common.cache.glance import ABSENT, RedisGlance
from shop.common.cache.outcomes import BYPASSED, FAILED, HIT, KNOWN_ABSENT, MISS, OUTCOMES
from shop.common.cache.protocol import Absent, Load
from shop.common.cache.store import RedisStore
from shop.common.errors import NotFound
from shop.common.representation import Representation

_MARK_TTL_S = 15.0  # an operation on the database ends well before
_ABSENT_TTL_S = 5.0


@dataclass(frozen=True)
class _Flight:
    """A load under way that others may wait for; it began after the mark of this time."""

    mark: int
    task: asyncio.Task[Representation]


class RedisReadThrough:
    """The cache of a service, shared by its instances; satisfies ``Cache``."""

    def __init__(self, store: RedisStore, ttl_s: float) -> None:
        self._store = store
        self._ttl_s = ttl_s
        self._absent_ttl_s = min(ttl_s, _ABSENT_TTL_S)
        # A load that took longer could outlive the mark, or what was stored in the mark's place.
        self._longest_s = min(self._absent_ttl_s, _MARK_TTL_S)
        self._flights: dict[str, _Flight] = {}
        self._absence = Absence(self._mark, ttl_s + _MARK_TTL_S)
        self.reads = dict.fromkeys(OUTCOMES, 0)
        """How many reads ended how."""
        self.glance = RedisGlance(store, self._absence, self.reads)

    @property
    def away(self) -> bool:
        """Tell whether reads and writes go past Redis."""
        return self._absence.goes_on

    @property
    def owed(self) -> int:
        """Tell how many marks Redis is to get once it is back."""
        return len(self._absence.owed)

    async def read(self, key: str, load: Load, absent: Absent | None = None) -> Representation:
        """Return the resource from Redis, or load it once for all who ask at the same time."""
        reads = self.reads
        if self._absence.goes_on or fresh.wanted():
            reads[BYPASSED] += 1
            return await load()
        try:
            found = await self._store.get(key)
        except AWAY as error:
            reads[FAILED] += 1
            self._absence.begin(error)
            return await load()
        token, _, value = found.partition(b"\n") if found else (b"0", b"", b"")
        if not value:
            reads[MISS] += 1
            return await self._load(key, load, int(token), absent)
        if value == ABSENT:
            reads[KNOWN_ABSENT] += 1
            raise absent() if absent else NotFound("There is no such resource.")
        reads[HIT] += 1
        return Representation.unpack(value)

    async def written(self, key: str) -> None:
        """Leave a mark; where Redis is away owe it, and read past the cache until it is paid."""
        self._flights.pop(key, None)
        if not self._absence.goes_on:
            try:
                return await self._mark(key)
            except AWAY as error:
                self._absence.begin(error)
        self._absence.owe(key)
        return None

    async def close(self) -> None:
        """Stop what still goes on in the background."""
        tasks = [flight.task for flight in self._flights.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, self._absence.close(), return_exceptions=True)

    async def _load(self, key: str, load: Load, mark: int, absent: Absent | None) -> Representation:
        flight = self._flights.get(key)
        if flight is None or flight.mark < mark:
            # In a context of its own: one caller's deadline must not end the others' load.
            context = Context()
            context.run(trace.enter, trace.current())
            work = self._load_and_fill(key, load, keep_absence=absent is not None)
            task = asyncio.get_running_loop().create_task(work, context=context)
            flight = self._flights[key] = _Flight(mark, task)
            task.add_done_callback(lambda _: self._landed(key, flight))
        return await asyncio.shield(flight.task)

    def _landed(self, key: str, flight: _Flight) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not flight.task.cancelled():
            flight.task.exception()  # seen: every caller may have gone

    async def _load_and_fill(self, key: str, load: Load, *, keep_absence: bool) -> Representation:
        began_us = self._store.now_us
        try:
            loaded = await load()
        except NotFound:
            if keep_absence:
                await self._fill(key, ABSENT, began_us, self._absent_ttl_s)
            raise
        await self._fill(key, loaded.pack(), began_us, self._ttl_s)
        return loaded

    async def _fill(self, key: str, value: bytes, began_us: int, ttl_s: float) -> None:
        try:
            await self._store.fill(key, value, began_us, ttl_s=ttl_s, most_s=self._longest_s)
        except AWAY as error:
            self._absence.begin(error)

    async def _mark(self, key: str) -> None:
        await self._store.mark(key, _MARK_TTL_S)

"""A live feed: one change stream for all who follow it, which is open only while there are any."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from contextvars import Context
from dataclasses import dataclass

import structlog
from pymongo.errors import PyMongoError

from shop.common.errors import ShopError, Unavailable
from shop.common.feed import stream, told
from shop.common.feed.change import Watched
from shop.common.feed.event_id import EventIds, FeedGone
from shop.common.feed.ring import Entry, Ring

log = structlog.get_logger()

_CHUNK_BYTES = 16 * 1024
_AGAIN_S = 0.5
_OPENS_WITHIN_S = 5.0
_CATCH_UPS = 4  # at once: each reads a change stream of its own
_CATCH_UP_S = 60.0


@dataclass(frozen=True)
class FeedOptions:
    """``buffer_bytes``: what is kept for the slower ones. ``idle_s``: open so long for nobody."""

    buffer_bytes: int = 8 * 1024 * 1024
    heartbeat_s: float = 10.0
    idle_s: float = 30.0


class Feed:
    """What changes in a collection, for those who follow."""

    def __init__(self, watched: Watched, options: FeedOptions = FeedOptions()) -> None:
        self.ids = EventIds.of(watched.name)
        self.followers = 0
        self.told = 0
        self._watched = watched
        self._options = options
        self._ring: Ring | None = None
        self._fault: ShopError | None = None
        self._pump: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._catch_ups = asyncio.Semaphore(_CATCH_UPS)
        self._idle: asyncio.TimerHandle | None = None

    @property
    def held_bytes(self) -> int:
        """How much is kept for the slower ones."""
        return self._ring.bytes if self._ring else 0

    async def place(self, event_id: str | None) -> str:
        """Return the place in the stream after this event; None: after the last one there is.

        Raises InvalidEventId, FeedGone, or Unavailable.
        """
        self._leave_later()
        ring = await self._opened()
        if event_id is None:
            return ring.last
        token = self.ids.decode(event_id)
        if not ring.reaches(token):
            await self._try(token)
        return token

    async def _try(self, token: str) -> None:
        """Raise what speaks against going on from here, before anything is promised."""
        try:
            async with self._catch_ups, stream.opened(self._watched, token):
                pass
        except PyMongoError as error:
            raise _away() from error

    async def chunks(self, token: str, owner: str | None) -> AsyncGenerator[bytes]:
        """Return what is to be sent from a place on: what ``owner`` may see; None: everything."""
        self.followers += 1
        try:
            yield told.id_only(self.ids.encode(token))  # so that it can be resumed from the first
            async with aclosing(self._all_after(token)) as entries:
                async for chosen, token in entries:
                    yield self._chunk(chosen, token, owner)
            yield told.SLOW
        except FeedGone as gone:
            yield told.gone(gone)
        except Unavailable:
            pass
        finally:
            self.followers -= 1
            self._leave_later()

    def _chunk(self, entries: Iterable[Entry], token: str, owner: str | None) -> bytes:
        seen = b"".join(e.text for e in entries if owner is None or e.owner == owner)
        return seen or told.ALIVE + told.id_only(self.ids.encode(token))

    async def _all_after(self, token: str) -> AsyncGenerator[tuple[list[Entry], str]]:
        """Return entries, and the place after them; none as a sign of life."""
        ring = await self._opened()
        if not ring.reaches(token):
            async with aclosing(self._caught_up(token)) as missed:
                async for entries, token in missed:
                    yield entries, token
        async with aclosing(self._live(token)) as live:
            async for entries, token in live:
                yield entries, token

    async def _live(self, token: str) -> AsyncGenerator[tuple[list[Entry], str]]:
        ring = await self._opened()
        while ring.reaches(token) and ring is self._ring:
            news = self._news
            entries = ring.after(token, _CHUNK_BYTES)
            if entries:
                token = entries[-1].token
                yield entries, token
                continue
            token = max(token, ring.last)
            try:
                async with asyncio.timeout(self._options.heartbeat_s):
                    await news.wait()
            except TimeoutError:
                yield [], token
        if ring is not self._ring:
            raise FeedGone

    async def _caught_up(self, token: str) -> AsyncGenerator[tuple[list[Entry], str]]:
        """Return what was missed, from a stream of its own, until the ring reaches back so far."""
        until_s = asyncio.get_running_loop().time() + _CATCH_UP_S
        try:
            async with self._catch_ups, stream.opened(self._watched, token) as own:
                async for batch in own.batches():
                    yield list(map(self._entry, batch.told)), batch.token
                    late = asyncio.get_running_loop().time() > until_s
                    if late or self._ring is None or self._ring.reaches(batch.token):
                        return
        except PyMongoError as error:
            raise _away() from error

    # --- The one stream --------------------------------------------------------------------------

    async def _opened(self) -> Ring:
        """Return the ring once the stream is open."""
        if self._pump is None:
            self._fault = None
            self._pump = asyncio.create_task(self._keep_open(), context=Context())
        try:
            async with asyncio.timeout(_OPENS_WITHIN_S):
                while self._ring is None:
                    if self._fault:
                        raise self._fault
                    await self._news.wait()
        except TimeoutError as error:
            raise _away() from error
        return self._ring

    async def _keep_open(self) -> None:
        while True:
            try:
                await self._read_on()
            except FeedGone:
                log.warning("feed interrupted", feed=self._watched.name)
                self._ring = None
            except stream.NoChangeStreams as error:
                self._fault, self._pump = error, None
                self._tell()
                return
            except PyMongoError as error:
                log.debug("feed lost", feed=self._watched.name, error=str(error))
            except Exception as error:
                log.error("feed broke down", feed=self._watched.name, exc_info=error)
            await asyncio.sleep(_AGAIN_S)

    async def _read_on(self) -> None:
        after = self._ring.last if self._ring else None
        async with stream.opened(self._watched, after) as changes:
            if self._ring is None and changes.token:
                self._begin(changes.token)
            async with aclosing(changes.batches()) as batches:
                async for batch in batches:
                    if self._pump is not asyncio.current_task():
                        raise asyncio.CancelledError  # Python 3.11 can swallow a cancellation
                    if self._ring is None:
                        self._begin(batch.token)
                    else:
                        self._take(self._ring, batch)

    def _begin(self, token: str) -> None:
        self._ring = Ring(self._options.buffer_bytes, token)
        self._tell()

    def _take(self, ring: Ring, batch: stream.Batch) -> None:
        for change, _ in batch.told:
            if change.forgets:
                ring.forget(change.id)
        ring.add(map(self._entry, batch.told), batch.token)
        self.told += len(batch.told)
        if batch.told:
            self._tell()

    def _tell(self) -> None:
        """Wake all who wait; those that wait from now on wait for what comes next."""
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _entry(self, each: stream.Told) -> Entry:
        change, shown = each
        owner = shown.owner if shown else change.owner
        return Entry(change.token, change.id, owner, told.text(self.ids, change, shown))

    # --- The end ---------------------------------------------------------------------------------

    def _leave_later(self) -> None:
        if self._idle:
            self._idle.cancel()
        loop = asyncio.get_running_loop()
        self._idle = loop.call_later(self._options.idle_s, self._leave, context=Context())

    def _leave(self) -> None:
        if not self.followers and self._pump:
            self._pump.cancel()
            self._pump = self._ring = None

    async def close(self) -> None:
        """End the stream."""
        pump, self._pump, self._ring = self._pump, None, None
        if self._idle:
            self._idle.cancel()
        while pump and not pump.done():  # Python 3.11 can swallow a cancellation
            pump.cancel()
            await asyncio.wait((pump,), timeout=1.0)


def _away() -> Unavailable:
    return Unavailable("The database cannot be reached; try again shortly.")

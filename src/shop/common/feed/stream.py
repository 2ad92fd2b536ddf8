"""A change stream of MongoDB, read as a feed tells it.

The stream says only what has changed and to which version. How the documents are shown is looked
up for many changes at once, at a majority and after the last of them (one causally consistent
session hands its time on to the other). So an event shows its document as that change left it, or
later; and never what has been deleted since.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pymongo.asynchronous.change_stream import AsyncCollectionChangeStream
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.read_preferences import ReadPreference

from shop.common.background import running
from shop.common.errors import Unavailable
from shop.common.feed.change import DELETED, Change, Shown, Watched, read
from shop.common.feed.event_id import FeedGone, InvalidEventId
from shop.common.mongo import Document

_WAIT_MS = 1000
_AHEAD = 1000  # changes that are read before those before them are told
_AT_ONCE = 200

_NO_REPLICA_SET = 40573
# CappedPositionLost, ChangeStreamFatalError (the place was not found), ChangeStreamHistoryLost.
_HISTORY_LOST = frozenset({136, 280, 286})
# FailedToParse, TypeMismatch, Overflow, InvalidUUID, InvalidResumeToken; and from here on, numbers
# of single assertions: what the decoder of tokens says.
_NO_TOKEN = frozenset({9, 14, 15, 207, 260})
_ASSERTIONS = 40000

Changes = AsyncCollectionChangeStream[Document]
Told = tuple[Change, Shown | None]


class NoChangeStreams(Unavailable):
    """The database is no replica set."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes that came together, how they are shown, and the place in the stream after them."""

    told: list[Told]
    token: str


@dataclass(frozen=True, slots=True)
class _Pause:
    """Nothing has changed up to here."""

    token: str


class Stream:
    """An open change stream; iterate over it for what has changed, time and again."""

    def __init__(self, watched: Watched, changes: Changes, session: AsyncClientSession) -> None:
        self._watched = watched
        self._changes = changes
        self._session = session
        self._read: asyncio.Queue[Change | _Pause | Exception] = asyncio.Queue(_AHEAD)

    @property
    def token(self) -> str:
        """The place up to which it was read."""
        return str((self._changes.resume_token or {}).get("_data", ""))

    async def read(self) -> None:
        """Read the changes as they come, until one cannot be read."""
        try:
            while self._changes.alive:
                raw = await self._changes.try_next()
                change = read(self._watched, raw) if raw is not None else None
                await self._read.put(change or _Pause(self.token))
            await self._read.put(FeedGone())  # the collection was dropped
        except PyMongoError as error:
            await self._read.put(_meaning(error))
        except Exception as error:
            await self._read.put(error)

    async def batches(self) -> AsyncGenerator[Batch]:
        """Return what has changed, or an empty batch about once a second where nothing has.

        Raises FeedGone where it cannot go on, and what PyMongo raises where it can be tried again.
        """
        while True:
            come = [await self._read.get()]
            while not self._read.empty() and len(come) < _AT_ONCE:
                come.append(self._read.get_nowait())
            good = [each for each in come if not isinstance(each, Exception)]
            if good:
                changes = [each for each in good if isinstance(each, Change)]
                yield Batch(await self._told(changes), good[-1].token)
            for each in come[len(good) :]:
                if isinstance(each, Exception):
                    raise each

    async def _told(self, changes: list[Change]) -> list[Told]:
        asked = list(dict.fromkeys(each.id for each in changes if each.kind != DELETED))
        found = await self._look_up(asked) if asked else {}
        return [
            (each, found.get(each.id))
            for each in changes
            if each.kind == DELETED or each.id in found
        ]

    async def _look_up(self, ids: list[str]) -> Mapping[str, Shown]:
        collection = self._watched.collection.with_options(
            read_concern=ReadConcern("majority"), read_preference=ReadPreference.PRIMARY
        )
        unneeded = dict.fromkeys(self._watched.unneeded, False) or None
        async with collection.database.client.start_session() as session:
            if self._session.cluster_time and self._session.operation_time:
                session.advance_cluster_time(self._session.cluster_time)
                session.advance_operation_time(self._session.operation_time)
            found = collection.find(self._watched.visible(ids), unneeded, session=session)
            return {each["_id"]: self._watched.shown(each) for each in await found.to_list()}


@asynccontextmanager
async def opened(watched: Watched, after: str | None = None) -> AsyncIterator[Stream]:
    """Give the stream of what changes from now on, or of what has changed since ``after``.

    Raises FeedGone where that is no longer known, InvalidEventId where it never was a place in
    the stream, and NoChangeStreams; or what PyMongo raises where it can be tried again.
    """
    async with watched.collection.database.client.start_session() as session:
        try:
            changes = await watched.collection.watch(
                watched.pipeline(),
                resume_after={"_data": after} if after else None,
                max_await_time_ms=_WAIT_MS,
                session=session,
            )
        except PyMongoError as error:
            raise _meaning(error, given=after is not None) from error
        async with changes:
            stream = Stream(watched, changes, session)
            async with running(stream.read()):
                yield stream


def _meaning(error: PyMongoError, *, given: bool = False) -> Exception:
    """Return what an error of MongoDB means to a feed; ``given``: the place came from a caller."""
    if not isinstance(error, OperationFailure):
        return error
    if error.code == _NO_REPLICA_SET:
        return NoChangeStreams("The database is no replica set, so there is no feed.")
    if error.code in _HISTORY_LOST:
        return FeedGone()
    if given and (error.code in _NO_TOKEN or (error.code or 0) >= _ASSERTIONS):
        return InvalidEventId()
    return error

"""Generated writes, and readers who come and go: each document's changes, all and in order."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import orjson
import pytest
from pymongo.asynchronous.database import AsyncDatabase
from tests.following import Event, events_in

from shop.common.feed.change import Watched
from shop.common.feed.feed import Feed, FeedOptions
from shop.common.mongo import Document
from shop.common.representation import Representation

OWNERS = ("ada", "grace")
Database = AsyncDatabase[dict[str, Any]]
Told = tuple[str, int | None]


def show(stored: Document) -> Representation:
    return Representation(stored["version"], orjson.dumps({"n": stored["n"]}))


@asynccontextmanager
async def feeds(database: Database, buffer_bytes: int) -> AsyncIterator[list[Feed]]:
    """Two, as two instances have them."""
    watched = Watched("things", database["things"], show, owner="owner", deleted="deleted")
    options = FeedOptions(buffer_bytes, heartbeat_s=0.2, idle_s=0.5)
    both = [Feed(watched, options) for _ in range(2)]
    try:
        yield both
    finally:
        for feed in both:
            await feed.close()


class Writer:
    """Writes at random, and knows what is to be told of it: of which document, and whose."""

    def __init__(self, database: Database, seed: int) -> None:
        self._things = database["things"]
        self._rng = random.Random(seed)
        self._there: dict[str, int] = {}
        self._made = 0
        self.owner: dict[str, str] = {}
        self.expected: defaultdict[str, list[Told]] = defaultdict(list)

    async def run(self, count: int) -> None:
        for _ in range(count):
            act = self._rng.choice((self._insert, self._update, self._update, self._inner))
            await (self._hide() if self._rng.random() < 0.05 else act())
            if self._rng.random() < 0.1:
                await asyncio.sleep(self._rng.uniform(0, 0.05))

    async def last(self) -> str:
        """Make one for each owner, so that readers know where the end is."""
        for owner in OWNERS:
            await self._insert(f"last-{owner}", owner)
        return "last"

    async def _insert(self, name: str | None = None, owner: str | None = None) -> None:
        self._made += 1
        name = name or f"thing-{self._made}"
        self.owner[name] = owner or self._rng.choice(OWNERS)
        stored = {"_id": name, "owner": self.owner[name], "version": 1, "n": 0, "inner": 0}
        self._there[name] = 1
        self.expected[name].append(("created", 1))
        await self._things.insert_one(stored)

    async def _update(self) -> None:
        if name := self._any():
            self._there[name] += 1
            self.expected[name].append(("updated", self._there[name]))
            await self._things.update_one({"_id": name}, {"$inc": {"version": 1, "n": 1}})

    async def _inner(self) -> None:
        if name := self._any():
            await self._things.update_one({"_id": name}, {"$inc": {"inner": 1}})

    async def _hide(self) -> None:
        if name := self._any():
            del self._there[name]
            self.expected[name].append(("deleted", None))
            hide = {"$set": {"deleted": self.owner[name]}, "$inc": {"version": 1}}
            await self._things.update_one({"_id": name}, hide)
            await self._things.delete_one({"_id": name})

    def _any(self) -> str | None:
        return self._rng.choice([*self._there]) if self._there else None


async def read(
    feeds: list[Feed], start: str, owner: str | None, rng: random.Random, slow: bool
) -> list[Event]:
    """Follow to the end, at either instance, going now and then; one who is cut off comes again."""
    seen: list[Event] = []
    wanted = set(OWNERS if owner is None else (owner,))
    last_id = start
    while wanted:
        feed, stays = rng.choice(feeds), rng.randrange(1, 30)
        token = await feed.place(last_id)
        async with aclosing(feed.chunks(token, owner)) as chunks:
            async for chunk in chunks:
                events, told = events_in(chunk)
                seen += events
                last_id = told or last_id
                wanted -= {e.data["id"].removeprefix("last-") for e in events}
                stays -= 1
                if not stays or not wanted:
                    break
                if slow:
                    await asyncio.sleep(rng.uniform(0, 0.05))
    return seen


def check(seen: list[Event], writer: Writer, owner: str | None) -> None:
    """What is there was told of without a gap; of what was deleted, that at least."""
    assert len({event.id for event in seen}) == len(seen)
    told: defaultdict[str, list[Told]] = defaultdict(list)
    for event in seen:
        told[event.data["id"]].append((event.kind, event.data.get("version")))
        if event.kind != "deleted":
            assert int(event.data["etag"].strip('"')) >= event.data["version"]
            assert event.data["resource"].keys() == {"n"}
    mine = {name for name, whose in writer.owner.items() if owner in (None, whose)}
    assert told.keys() == mine
    for name in mine:
        expected = writer.expected[name]
        if expected[-1][0] == "deleted":
            left = iter(expected)
            assert all(each in left for each in told[name]), name  # in this order, none twice
            assert told[name][-1] == expected[-1]
        else:
            assert told[name] == expected, name


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("buffer_bytes", [4096, 2**20])
async def test_readers_who_come_and_go_miss_nothing_and_see_nothing_twice(
    database: Database, seed: int, buffer_bytes: int
) -> None:
    writer = Writer(database, seed)
    async with feeds(database, buffer_bytes) as both:
        start = both[0].ids.encode(await both[0].place(None)).decode()
        who = [None, None, *OWNERS, *OWNERS]
        async with asyncio.timeout(100), asyncio.TaskGroup() as group:
            readers = [
                group.create_task(read(both, start, owner, random.Random(n), slow=n % 2 == 1))
                for n, owner in enumerate(who)
            ]
            await writer.run(400)
            await writer.last()
        for owner, reader in zip(who, readers, strict=True):
            check(reader.result(), writer, owner)

"""The primary of three is killed while the feed is followed: nothing is missing or doubled."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from pathlib import Path

import pytest
from pymongo.errors import PyMongoError
from tests.chaos import replicas
from tests.following import Event, events_in

from shop.common import mongo
from shop.common.config import MongoConfig
from shop.common.feed.change import Watched
from shop.common.feed.feed import Feed, FeedOptions
from shop.common.mongo import Collection
from shop.common.representation import Representation
from shop.local.mongo import Mongo
from shop.local.ports import free_port
from shop.local.process import Process, start, stop
from shop.local.server import Server

BEFORE, AFTER = 50, 50


@pytest.fixture
async def mongods(
    program_of: Callable[[Server], Awaitable[Path]], tmp_path: Path
) -> AsyncIterator[dict[int, Process]]:
    """Three of one replica set, by port."""
    program, running = await program_of(Mongo()), {}
    async with AsyncExitStack() as ending:
        for _ in range(3):
            port = free_port()
            data = tmp_path / str(port)
            data.mkdir()
            command = Mongo().command(program, port, data)
            running[port] = start(command, log=tmp_path / f"{port}.log", env={}, cwd=tmp_path)
            ending.push_async_callback(stop, running[port], 5)
        async with asyncio.timeout(60):
            for port in running:
                while not await replicas.answers(port):
                    await asyncio.sleep(0.1)
            await replicas.initiate([*running])
            while await replicas.primary([*running]) is None:
                await asyncio.sleep(0.1)
        yield running


async def insert(things: Collection, number: int) -> None:
    """Insert a document, and see that it is there."""
    async with asyncio.timeout(60):
        while True:
            try:
                await things.update_one(
                    {"_id": f"thing-{number:04}"}, {"$setOnInsert": {"version": 1}}, upsert=True
                )
            except PyMongoError:
                await asyncio.sleep(0.1)
            else:
                return


async def follow(feed: Feed, seen: list[Event], start: str, whole: int, *, stays: bool) -> None:
    """Follow until all was seen; one that does not stay comes again after each chunk."""
    last_id = start
    while len(seen) < whole:
        token = await feed.place(last_id)
        async with aclosing(feed.chunks(token, None)) as chunks:
            async for chunk in chunks:
                events, told = events_in(chunk)
                seen += events
                last_id = told or last_id
                if len(seen) >= whole or (events and not stays):
                    break


async def test_after_a_failover_all_is_told_once_and_in_order(mongods: dict[int, Process]) -> None:
    uri = ",".join(f"127.0.0.1:{port}" for port in mongods)
    config = MongoConfig(f"mongodb://{uri}/?replicaSet=rs0&serverSelectionTimeoutMS=20000", "shop")
    async with mongo.opened(config) as database:
        things = database["things"]
        feed = Feed(
            Watched("things", things, lambda stored: Representation(stored["version"], b"{}")),
            FeedOptions(heartbeat_s=0.5),
        )
        begin = feed.ids.encode(await feed.place(None)).decode()
        readers: list[list[Event]] = [[], []]
        async with asyncio.timeout(110), asyncio.TaskGroup() as group:
            for stays, seen in zip((True, False), readers, strict=True):
                group.create_task(follow(feed, seen, begin, BEFORE + AFTER, stays=stays))
            for number in range(BEFORE):
                await insert(things, number)
            place = await replicas.primary([*mongods])
            assert place is not None
            primary = [*mongods.values()][place]
            primary.send(signal.SIGKILL)
            await stop(primary, 10)
            for number in range(BEFORE, BEFORE + AFTER):
                await insert(things, number)
        await feed.close()
    for seen in readers:
        assert [event.data["id"] for event in seen] == [f"thing-{n:04}" for n in range(len(seen))]
        assert len(seen) == BEFORE + AFTER
        assert len({event.id for event in seen}) == len(seen)

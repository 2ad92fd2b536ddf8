"""Ids that hold what MongoDB cannot go on from."""

import asyncio
import random
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from pymongo import AsyncMongoClient
from tests.asking import Api, add_customer
from tests.following import Follower
from tests.served import ServedShop

from shop.common import mongo
from shop.common.config import MongoConfig
from shop.common.feed.change import Watched
from shop.common.feed.event_id import EventIds, FeedGone
from shop.common.feed.feed import Feed
from shop.common.representation import Representation
from shop.local.mongo import Mongo
from shop.local.ports import free_port
from shop.local.server import Server

HEX_CUS, HEX_NONE = b"cus_".hex().upper(), b"non_".hex().upper()
IDS = EventIds.of("customers")


async def place(api: Api) -> str:
    async with Follower(f"{api.url}/customers/feed") as follower:
        return IDS.decode((await follower.began()).last_id)


async def answer_to(api: Api, token: str) -> tuple[int, str]:
    event_id = IDS.encode(token).decode()
    async with Follower(f"{api.url}/customers/feed", event_id) as follower:
        if follower.response.status == 200:
            return 200, ""
        return follower.response.status, (await follower.response.json(content_type=None))["code"]


async def test_an_event_that_never_was_is_gone(shop: ServedShop) -> None:
    async with Follower(f"{shop.customers.url}/customers/feed") as follower:
        await follower.began()
        await add_customer(shop.customers)
        (event,) = await follower.take(1)
    token = IDS.decode(event.id)
    await shop.customer.stop()  # what is in its buffer it would go on from
    await shop.customer.start()
    assert (await answer_to(shop.customers, token))[0] == 200
    time, other = f"{int(token[2:10], 16) - 1:08X}", token[10:].replace(HEX_CUS, HEX_NONE)
    assert other != token[10:]
    assert await answer_to(shop.customers, token[:2] + time + other) == (410, "feed-gone")


async def test_a_forged_place_is_refused_and_harms_nobody(shop: ServedShop) -> None:
    rng = random.Random(7)
    token = await place(shop.customers)
    seen = set()
    for _ in range(200):
        at = rng.randrange(0, len(token), 2)
        forged = rng.choice(
            (
                token[:at] + f"{rng.randrange(256):02X}" + token[at + 2 :],
                "82" + rng.randbytes(rng.randrange(1, 60)).hex().upper(),
                token[: max(at, 2)],
            )
        )
        answer = await answer_to(shop.customers, forged)
        seen.add(answer)
        assert answer in ((200, ""), (410, "feed-gone"), (422, "invalid-cursor")), forged
    assert (422, "invalid-cursor") in seen


async def test_what_the_database_no_longer_remembers_is_gone(small_oplog: str) -> None:
    async with mongo.opened(MongoConfig(small_oplog, "shop")) as database:
        things = database["things"]
        feed = Feed(Watched("things", things, lambda _: Representation(1, b"{}")))
        start = feed.ids.encode(await feed.place(None)).decode()
        await feed.close()
        filler = "x" * 100_000
        async with asyncio.timeout(60):
            while True:  # until it has rolled over
                await things.insert_many([{"version": 1, "filler": filler} for _ in range(40)])
                try:
                    await feed.place(start)
                except FeedGone:
                    break
                finally:
                    await feed.close()


@pytest.fixture
async def small_oplog(
    program_of: Callable[[Server], Awaitable[Path]], tmp_path: Path
) -> AsyncIterator[str]:
    """Give the address of a MongoDB that remembers its last megabyte of changes."""
    port, program = free_port(), await program_of(Mongo())
    where = ("--port", str(port), "--dbpath", str(tmp_path), "--bind_ip", "127.0.0.1")
    size = ("--replSet", "rs0", "--oplogSize", "1", "--syncdelay", "1")
    process = await asyncio.create_subprocess_exec(program, *where, *size, stdout=DEVNULL)
    url = f"mongodb://127.0.0.1:{port}/?directConnection=true"
    try:
        async with AsyncMongoClient(url) as client:
            members = [{"_id": 0, "host": f"127.0.0.1:{port}"}]
            await client.admin.command("replSetInitiate", {"_id": "rs0", "members": members})
            async with asyncio.timeout(30):
                while not (await client.admin.command("hello"))["isWritablePrimary"]:
                    await asyncio.sleep(0.05)
        yield url
    finally:
        process.kill()
        await process.wait()

"""Writes that go together, over a connection that breaks when the server has just done them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from pymongo import UpdateOne

from shop.common import mongo
from shop.common.bulk import insert_together, update_together, write_together
from shop.common.config import MongoConfig

ONCE = [{"$set": {"n": {"$cond": [{"$eq": ["$n", 0]}, 1, "$n"]}}}]


class Line:
    """Passes bytes on to a server; breaks when it answers the command ``breaks_at``."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self.breaks_at = b""
        self.broken = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection(self._host, self._port)
        seen = bytearray()

        async def asked() -> None:
            while data := await reader.read(65536):
                seen[:] = data
                server_writer.write(data)

        async def answered() -> None:
            while data := await server_reader.read(65536):
                if self.breaks_at and self.breaks_at in seen:
                    self.breaks_at, self.broken = b"", self.broken + 1
                    return
                writer.write(data)

        tasks = [asyncio.create_task(asked()), asyncio.create_task(answered())]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        for end in (writer, server_writer):
            end.close()
            with suppress(OSError):
                await end.wait_closed()


@asynccontextmanager
async def _line(uri: str) -> AsyncIterator[tuple[Line, str]]:
    address = urlsplit(uri)
    line = Line(address.hostname or "", address.port or 0)
    server = await asyncio.start_server(line, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield line, f"mongodb://127.0.0.1:{port}/?directConnection=true"
    server.close()


@pytest.fixture
async def things(mongo_uri, database):
    async with (
        _line(mongo_uri) as (line, uri),
        mongo.opened(MongoConfig(uri=uri, database=database.name)) as ours,
    ):
        await ours.things.insert_one({"_id": "there", "n": 0})
        yield line, ours.things


@pytest.mark.parametrize("count", [1, 3])
async def test_what_was_inserted_before_the_connection_broke_is_known_again(things, count):
    line, collection = things
    line.breaks_at = b"insert\x00"
    documents = [{"_id": uuid4().hex, "n": n} for n in range(count)]
    assert await insert_together(collection, documents) == [True] * count
    assert line.broken == 1
    assert await collection.count_documents({}) == 1 + count


async def test_what_another_had_inserted_is_not_taken_for_ours(things):
    line, collection = things
    line.breaks_at = b"insert\x00"
    new = {"_id": "new", "n": 1}
    assert await insert_together(collection, [{"_id": "there", "n": 1}, new]) == [False, True]
    assert line.broken == 1


async def test_an_update_whose_answer_is_lost_is_sent_again_and_made_once(things):
    line, collection = things
    line.breaks_at = b"update\x00"
    sent = await write_together(collection, [UpdateOne({"_id": "there"}, ONCE)])
    assert (sent.again, line.broken) == (True, 1)
    assert (await collection.find_one({}))["n"] == 1


async def test_who_is_told_of_a_condition_not_met_has_to_ask_what_stands(things):
    line, collection = things
    line.breaks_at = b"update\x00"
    done = await update_together(collection, [UpdateOne({"n": 0}, {"$set": {"n": 1}})])
    assert (done.matched, line.broken) == (0, 1)
    assert (await collection.find_one({}))["n"] == 1


async def test_a_connection_that_holds_is_used_once(things):
    _, collection = things
    sent = await write_together(collection, [UpdateOne({"_id": "there"}, ONCE)])
    assert not sent.again
    assert sent.result.modified_count == 1

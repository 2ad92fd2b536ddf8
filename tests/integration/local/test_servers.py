"""One server at a time: ports that are taken, data that outlives a change of port."""

import io
import socket

import aiohttp
import pytest
from pymongo import AsyncMongoClient

from shop.local.consul import Consul
from shop.local.home import Home
from shop.local.mongo import Mongo
from shop.local.progress import Progress
from shop.local.redis import Redis
from shop.local.stack import Stack


@pytest.fixture
async def stack(run_folder, program_of, tmp_path_factory):
    """Make stacks of one server each, all in one home."""
    root = tmp_path_factory.mktemp("home")
    made = []

    async def of(server) -> Stack:
        programs = (await program_of(server)).parent
        made.append(Stack(Home(root, programs), Progress(out), servers=(server,), services=()))
        made[-1].out = out
        return made[-1]

    out = io.StringIO()
    yield of
    for one in made:
        await one.down()


async def test_a_taken_port_gives_way_to_a_free_one_and_that_is_said(stack):
    redis = Redis()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        redis.port = listener.getsockname()[1]
        one = await stack(redis)
        (member,) = await one.up()
    assert member.port != redis.port
    assert f"Port {redis.port} is taken by pid" in one.out.getvalue()
    assert f"uses {member.port}" in one.out.getvalue()


async def test_mongo_keeps_its_data_when_it_moves_to_another_port(stack):
    one = await stack(Mongo())
    (first,) = await one.up(free_ports=True)
    async with _client(first.url) as client:
        await client.a.things.insert_one({"_id": 1})
    await one.down()
    (second,) = await one.up(free_ports=True)
    assert second.port != first.port
    async with _client(second.url) as client:
        assert await client.a.things.find_one() == {"_id": 1}


async def test_consul_keeps_its_data_when_it_moves_to_another_port(stack):
    one = await stack(Consul())
    async with aiohttp.ClientSession(raise_for_status=True) as session:
        (first,) = await one.up(free_ports=True)
        (await session.put(f"{first.url}/v1/kv/a", data=b"1")).release()
        await one.down()
        (second,) = await one.up(free_ports=True)
        assert second.port != first.port
        async with session.get(f"{second.url}/v1/kv/a?raw") as response:
            assert await response.read() == b"1"


def _client(url: str) -> AsyncMongoClient:
    """Return a client for a moment: one that streams drops an unclosed socket as it is closed."""
    return AsyncMongoClient(url, serverMonitoringMode="poll")

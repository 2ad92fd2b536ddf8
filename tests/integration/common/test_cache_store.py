"""Values and marks in a real Redis, over one connection; and aiocache's interface to them."""

import asyncio

import pytest
from redis.asyncio import Connection as Address
from redis.asyncio import ConnectionPool, Redis
from redis.exceptions import AuthenticationError, ResponseError

from shop.common.cache.connection import command
from shop.common.cache.multiplexed import Multiplexed
from shop.common.cache.store import RedisStore

PATIENT_S = 20.0


def address(url: str) -> Address:
    pool = ConnectionPool.from_url(url)
    return pool.connection_class(**pool.connection_kwargs)


@pytest.fixture
async def multiplexed(redis_url):
    connection = Multiplexed(address(redis_url), PATIENT_S)
    yield connection
    await connection.close()


@pytest.fixture
async def store(multiplexed, redis_namespace):
    return RedisStore(multiplexed, redis_namespace)


async def test_it_does_what_aiocache_asks_of_a_backend(store):
    assert await store.set("a", b"\x00\r\n1", ttl=20)
    assert await store.set("b", b"")
    assert await store.get("a") == b"\x00\r\n1"
    assert await store.multi_get(["b", "none", "a"]) == [b"", None, b"\x00\r\n1"]
    assert 0 < await store.raw("PTTL", store.build_key("a")) <= 20_000
    assert await store.delete("a") == 1
    assert await store.get("a") is None


async def test_a_thousand_who_ask_at_once_each_get_their_own_answer(store):
    await asyncio.gather(*(store.set(f"k{n}", b"%d" % n) for n in range(1000)))
    found = await asyncio.gather(*(store.get(f"k{n}") for n in range(1000)))
    assert found == [b"%d" % n for n in range(1000)]


async def test_a_refusal_is_told_to_who_asked_for_it_alone(store, multiplexed):
    await store.set("k", b"v")
    found = await asyncio.gather(
        store.get("k"), multiplexed.ask(command("NO-SUCH")), store.get("k"), return_exceptions=True
    )
    assert found[::2] == [b"v", b"v"]
    assert isinstance(found[1], ResponseError)


async def test_scripts_that_the_server_has_forgotten_are_sent_again(store, redis_url):
    for _ in range(2):
        await store.mark("k", 10)
        async with Redis.from_url(redis_url) as admin:
            await admin.script_flush()
    assert (await store.get("k")).endswith(b"\n")


async def test_a_connection_that_the_server_closed_is_made_anew(store, multiplexed, redis_url):
    await store.set("k", b"v")
    own = await multiplexed.ask(command("CLIENT", "ID"))
    async with Redis.from_url(redis_url) as admin:
        await admin.client_kill_filter(_id=own)
    while multiplexed._wire.is_up:
        await asyncio.sleep(0.01)
    assert await store.get("k") == b"v"


async def test_the_time_of_a_get_is_known_with_its_answer_and_is_redis_own(store):
    for _ in range(20):
        await store.mark("k", 10)
        token = int((await store.get("k")).rstrip())
        assert store.now_us >= token
        seconds, microseconds = await store.raw("TIME")
        assert store.now_us <= int(seconds) * 1_000_000 + int(microseconds)


async def test_it_is_let_in_with_the_password_and_into_the_database_of_the_address(start_redis):
    redis = await start_redis()
    async with Redis.from_url(redis.url) as admin:
        await admin.acl_setuser(
            "shop", enabled=True, passwords=["++s:e/cret"], keys="*", categories=["+@all"]
        )
    where = f"redis://shop:%2Bs%3Ae%2Fcret@127.0.0.1:{redis.port}/3"
    connection = Multiplexed(address(where), PATIENT_S)
    assert await connection.ask(command("SET", "k", "v")) == b"OK"
    await connection.close()
    async with Redis(port=redis.port, db=3) as admin:
        assert await admin.get("k") == b"v"
    wrong = Multiplexed(address(where.replace("cret", "crux")), PATIENT_S)
    with pytest.raises((AuthenticationError, ResponseError), match="WRONGPASS"):
        await wrong.ask(command("GET", "k"))
    await wrong.close()

"""The servers that the other tests are given."""

import aiohttp
from pymongo import AsyncMongoClient
from redis.asyncio import Redis


async def test_mongo_is_a_replica_set_that_has_transactions(database):
    client = database.client
    async with client.start_session() as session, await session.start_transaction():
        await database.things.insert_one({"_id": 1}, session=session)
    assert await database.things.count_documents({}) == 1


async def test_each_test_has_an_empty_database(database):
    assert await database.list_collection_names() == []


async def test_redis_evicts_instead_of_refusing_and_saves_nothing(redis_url, redis_namespace):
    async with Redis.from_url(redis_url, decode_responses=True) as redis:
        await redis.set(f"{redis_namespace}:a", "1")
        assert (await redis.config_get("maxmemory-policy"))["maxmemory-policy"] == "allkeys-lru"
        assert (await redis.config_get("save"))["save"] == ""


async def test_consul_has_a_leader_and_a_ui(consul_server):
    async with aiohttp.ClientSession(consul_server.url, raise_for_status=True) as session:
        async with session.get("/v1/status/leader") as response:
            assert await response.json()
        async with session.get("/ui/") as response:
            assert "Consul" in await response.text()


async def test_a_private_mongo_keeps_its_data_when_it_is_killed(start_mongo):
    mongo = await start_mongo()
    async with AsyncMongoClient(mongo.url) as client:
        await client.a.things.insert_one({"_id": 1})
        await mongo.kill()
        await mongo.start()
        assert await client.a.things.count_documents({}) == 1


async def test_a_private_redis_comes_back_empty(start_redis):
    redis = await start_redis()
    async with Redis.from_url(redis.url) as client:
        await client.set("a", "1")
    await redis.stop()
    await redis.start()
    async with Redis.from_url(redis.url) as client:
        assert await client.get("a") is None


async def test_a_private_consul_remembers_its_services(start_consul):
    consul = await start_consul()
    service = {"Name": "thing", "ID": "thing-1", "Port": 1}
    async with aiohttp.ClientSession(consul.url, raise_for_status=True) as session:
        await session.put("/v1/agent/service/register", json=service)
        await consul.kill()
        await consul.start()
        async with session.get("/v1/agent/services") as response:
            assert "thing-1" in await response.json()

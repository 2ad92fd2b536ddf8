"""MongoDB as the services use it: deadlines, waiting for it, indexes."""

import asyncio
import signal
from datetime import UTC, datetime

import pytest
from pymongo import ASCENDING, IndexModel, WriteConcern
from pymongo.errors import OperationFailure
from structlog.testing import capture_logs

from shop.common import mongo
from shop.common.config import MongoConfig
from shop.common.errors import DeadlineExceeded, Unavailable
from shop.common.peer import Deadline, deadline_scope
from shop.common.settings import ConfigError

SPIN = {"$where": "while (true) {}"}  # a query that only a deadline ends


@pytest.fixture(autouse=True)
def settings_restored(monkeypatch):
    monkeypatch.setattr(mongo, "_operation_s", mongo._operation_s)


@pytest.fixture
async def hanging(start_mongo):
    """A server that was asked once, and hangs since."""
    server = await start_mongo()
    async with mongo.opened(MongoConfig(uri=server.url, database="shop")) as database:
        await database.things.insert_one({"_id": 1})
        server.signal(signal.SIGSTOP)
        yield database
        server.signal(signal.SIGCONT)


async def test_times_come_back_in_utc(mongo_uri, database):
    moment = datetime(2026, 1, 31, 12, 0, 0, 123000, UTC)
    async with mongo.opened(MongoConfig(uri=mongo_uri, database=database.name)) as ours:
        await ours.things.insert_one({"_id": 1, "at": moment})
        found = await ours.things.find_one({"_id": 1})
    assert found["at"] == moment
    assert found["at"].tzinfo is not None


async def test_writes_are_acknowledged_by_a_majority_and_journaled_whatever_the_address_says(
    mongo_uri,
):
    between = "&" if "?" in mongo_uri else "/?"
    for uri in (mongo_uri, f"{mongo_uri.rstrip('/')}{between}w=0&journal=false"):
        client = mongo.connect(MongoConfig(uri=uri))
        assert client.write_concern.document == {"w": "majority", "j": True}
        await client.close()


@pytest.mark.parametrize(
    "uri",
    [
        "mongodb://ada:hunter2@a:port/",
        "mongodb://ada:hun:ter2@a/",
        "mongodb://a:99999/",
        "mongodb://a,,b/",
        "mongodb+srv://ada:hunter2@a.b:1/",
        "mongodb+srv://ada:hunter2@a.example,b.example/",
        "mongodb://[::1/",
    ],
)
def test_an_address_that_cannot_be_understood_is_named_and_not_shown(uri):
    with pytest.raises(ConfigError, match="SHOP_MONGO_URI") as caught:
        mongo.connect(MongoConfig(uri=uri))
    assert "hunter2" not in str(caught.value)
    assert "ter2" not in str(caught.value)


async def test_a_server_that_hangs_is_unavailable_within_the_time_of_an_operation(hanging):
    with pytest.raises(Unavailable), mongo.mongo_errors(0.3):
        await hanging.things.find_one({"_id": 1})
    with pytest.raises(Unavailable), mongo.mongo_errors(0.3):
        await hanging.things.insert_one({"_id": 2})


async def test_a_request_with_less_time_than_an_operation_has_that_less(hanging):
    with deadline_scope(Deadline.after(0.3)), pytest.raises(Unavailable), mongo.mongo_errors(3600):
        await hanging.things.find_one({"_id": 1})


async def test_a_ping_is_answered_in_time_or_unavailable(hanging):
    with pytest.raises(Unavailable):
        await mongo.ping(hanging, timeout_s=0.3)


async def test_a_query_that_takes_too_long_there_is_unavailable(database):
    await database.things.insert_one({"_id": 1})
    with pytest.raises(Unavailable), mongo.mongo_errors(0.3):
        await database.things.find_one(SPIN)


async def test_a_request_whose_time_is_over_asks_nothing(database):
    """pymongo takes a time of 0 for none at all."""
    await database.things.insert_one({"_id": 1})
    with (
        deadline_scope(Deadline.after(0.0)),
        pytest.raises(DeadlineExceeded),
        mongo.mongo_errors(),
    ):
        await database.things.delete_one({"_id": 1})
    assert await database.things.count_documents({}) == 1


async def test_the_configured_time_of_an_operation_holds(mongo_uri, database):
    await database.things.insert_one({"_id": 1})
    config = MongoConfig(uri=mongo_uri, database=database.name, timeout_s=0.3)
    async with mongo.opened(config) as ours:
        with deadline_scope(Deadline.after(3600)), pytest.raises(Unavailable), mongo.mongo_errors():
            await ours.things.find_one(SPIN)
        with pytest.raises(Unavailable), mongo.mongo_errors():
            await ours.things.find_one(SPIN)


async def test_a_server_that_is_not_there_is_unavailable():
    config = MongoConfig(uri="mongodb://127.0.0.1:9", timeout_s=0.3)
    client = mongo.connect(config)
    with pytest.raises(Unavailable), mongo.mongo_errors(0.3):
        await client.shop.things.find_one({})
    await client.close()


async def test_a_write_of_which_nothing_is_sure_is_unavailable(database):
    # More members than there are: what a primary says, too, that steps down in the middle.
    unsure = database.things.with_options(write_concern=WriteConcern(w=3, wtimeout=1))
    with pytest.raises(Unavailable), mongo.mongo_errors():
        await unsure.insert_one({})


async def test_what_is_wrong_with_the_query_itself_is_not_hidden(database):
    with pytest.raises(OperationFailure), mongo.mongo_errors():
        await database.things.find_one({"$nonsense": 1})


async def test_waiting_says_once_what_for_and_ends_when_it_is_there(start_mongo):
    server = await start_mongo()
    await server.kill()
    config = MongoConfig(uri=server.url, database="shop")
    client = mongo.connect(config)
    with capture_logs() as logs:
        waiting = asyncio.create_task(mongo.wait_until_up(client))
        while not logs:
            await asyncio.sleep(0.02)
        assert not waiting.done()
        await server.start()
        await waiting
    await client.close()
    assert [(line["event"], line["log_level"]) for line in logs] == [
        ("waiting for MongoDB", "warning")
    ]
    assert logs[0]["nodes"] == f"127.0.0.1:{server.port}"


async def test_who_finds_it_up_waits_for_nothing_and_says_nothing(mongo_uri):
    client = mongo.connect(MongoConfig(uri=mongo_uri))
    with capture_logs() as logs:
        await mongo.wait_until_up(client)
    await client.close()
    assert logs == []


async def test_eight_instances_make_the_indexes_at_once_and_again(mongo_uri, database):
    indexes = (
        IndexModel([("email", ASCENDING)], name="email", unique=True),
        IndexModel([("at", ASCENDING)], name="expiry", expireAfterSeconds=60),
    )
    await database.customers.insert_many([{"_id": n, "email": str(n)} for n in range(1000)])
    config = MongoConfig(uri=mongo_uri, database=database.name, timeout_s=30.0)

    async def instance():
        async with mongo.opened(config) as ours:
            await mongo.ensure_indexes(ours["customers"], indexes)
            await mongo.ensure_indexes(ours["empty"], indexes)

    await asyncio.gather(*(instance() for _ in range(8)))
    await instance()
    for name in ("customers", "empty"):
        made = await database[name].index_information()
        assert set(made) == {"_id_", "email", "expiry"}
        assert made["email"]["unique"]
        assert made["expiry"]["expireAfterSeconds"] == 60

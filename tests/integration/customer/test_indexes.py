"""Every list is read by an index, and reads no more than it shows."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from tests.fakes.customer.models import customer, order
from tests.integration.customer.api import Api
from tests.integration.customer.conftest import Serve

from shop.common.mongo import Database
from shop.customer.model import CustomerStatus
from shop.customer.repository.documents import from_customer, link_fields

MANY, LIMIT = 400, 10
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
SINCE = "2026-01-31T12:00:00.000Z"


@pytest.fixture
async def profiled(database: Database, api: Api) -> AsyncIterator[Database]:
    """The database, which keeps a record of every query from now on."""
    await database.command("profile", 2)
    yield database
    await database.command("profile", 0)


async def queries(database: Database) -> list[dict[str, Any]]:
    found = database["system.profile"].find(
        {"op": {"$in": ["query", "getmore"]}, "ns": {"$not": {"$regex": "profile"}}}
    )
    return await found.to_list()


async def read_cheaply(database: Database, reads: int) -> None:
    """Check all that was queried since the record began.

    A page may take two documents more than it shows: the one too many, which shows that there is
    a next page, and the one that the cursor stands on.
    """
    seen = await queries(database)
    assert len(seen) >= reads
    for query in seen:
        said = {name: query.get(name) for name in ("command", "planSummary", "docsExamined")}
        assert query["planSummary"].startswith(("IXSCAN", "IDHACK")), said
        assert query["docsExamined"] <= LIMIT + 2, said
        one_by_email = "emailKey: 1" in query["planSummary"] and query["docsExamined"] <= 1
        assert one_by_email or not query.get("hasSortStage"), said


async def test_the_feed_with_every_combination_of_filters(profiled: Database, api: Api) -> None:
    people = [
        customer(
            at=NOON + timedelta(milliseconds=n),
            status=CustomerStatus.ACTIVE if n % 2 else CustomerStatus.INACTIVE,
            email=f"a{n}@example.com",
        )
        for n in range(MANY)
    ]
    documents = [from_customer(each) for each in people]
    await profiled["customers"].insert_many(documents)
    reads = 0
    for status, email, since in product((None, "active"), (None, "a7@example.com"), (None, SINCE)):
        given = {"status": status, "email": email, "updatedSince": since}
        query = {name: value for name, value in given.items() if value}
        async for _ in api.pages("/customers", limit=LIMIT, **query):
            reads += 1
    await read_cheaply(profiled, reads)


async def test_the_feed_of_many_that_were_changed_at_one_moment(
    profiled: Database, api: Api
) -> None:
    await profiled["customers"].insert_many([from_customer(customer()) for _ in range(MANY)])
    for query in ({}, {"status": "active"}):
        walked = await api.walk("/customers", limit=LIMIT, updatedSince=SINCE, **query)
        assert len({*walked}) == len(walked) == MANY
    await read_cheaply(profiled, 2 * MANY // LIMIT)


@pytest.mark.parametrize("step", [timedelta(0), timedelta(milliseconds=1)])
async def test_the_orders_of_a_customer(profiled: Database, api: Api, step: timedelta) -> None:
    busy = (await api.customer()).removeprefix("/customers/")
    documents = [
        {
            "_id": f"{owner}/ord_{n:03}",
            "customerId": owner,
            "orderId": f"ord_{n:03}",
            **link_fields(order(1, "delivered", NOON + n * step)),
            "linked": n % 2 == 0 or owner != busy,
            "linkedAt": NOON,
            "updatedAt": NOON,
            "version": 1,
        }
        for owner in (busy, "cus_other")
        for n in range(MANY)
    ]
    await profiled["customerOrders"].insert_many(documents)
    walked = await api.walk(f"/customerOrders/{busy}", limit=LIMIT)
    assert walked == [f"ord_{n:03}" for n in range(MANY - 2, -1, -2)]
    await read_cheaply(profiled, MANY // 2 // LIMIT)


async def test_a_deletion_does_not_read_all_orders_to_find_an_open_one(
    profiled: Database, api: Api
) -> None:
    busy = await api.customer()
    owner = busy.removeprefix("/customers/")
    documents = [
        {
            "_id": f"{owner}/ord_{n}",
            "customerId": owner,
            "orderId": f"ord_{n}",
            "linked": n > 50,
            "status": "delivered" if 50 < n < MANY - 1 else "pending",
        }
        for n in range(MANY)
    ]
    await profiled["customerOrders"].insert_many(documents)
    assert (await api.delete(busy)).code == "open-orders"
    await read_cheaply(profiled, 1)


async def test_many_instances_may_start_at_once_on_an_empty_database(
    serve: Serve, database: Database
) -> None:
    instances = await asyncio.gather(*(serve() for _ in range(4)))
    for instance in instances:
        assert (await instance.get("/customers")).status == 200
    assert len(await database["customers"].index_information()) == 5
    assert len(await database["customerOrders"].index_information()) == 4

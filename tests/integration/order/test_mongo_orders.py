"""The real store: the suite of the fake one, and what only a database has."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from tests.fakes.order.store_suite import LEASE, NOW, OrdersSuite, confirmed, pending
from tests.integration.order.conftest import mongo_orders

from shop.common import mongo
from shop.common.errors import Unavailable
from shop.common.representation import Representation
from shop.order import life
from shop.order.backlog import MongoBacklog
from shop.order.model import Details, Status
from shop.order.repository import EVENTS_KEPT, MongoOrders

Collection = AsyncCollection[dict[str, Any]]


class TestMongoOrders(OrdersSuite):
    pass


async def test_indexes_can_be_made_by_several_instances_at_once(orders: MongoOrders) -> None:
    await asyncio.gather(*(orders.prepare() for _ in range(4)))


async def test_a_view_is_the_encoded_order(orders: MongoOrders) -> None:
    await orders.add(pending())
    assert await orders.view("ord_1") == Representation(1, b"pending")


async def test_a_timeline_keeps_the_last_events_and_their_numbers(orders: MongoOrders) -> None:
    order = await orders.add(pending())
    for n in range(EVENTS_KEPT + 1):
        edited = await orders.amend(order, life.edit(order, Details(None, str(n)), NOW))
        assert edited is not None
        order = edited
    page = await orders.events("ord_1", None, EVENTS_KEPT + 2)
    assert [event.seq for event in page.items] == list(range(EVENTS_KEPT + 2, 2, -1))


async def test_what_is_not_there_is_not_stored(orders: MongoOrders, collection: Collection) -> None:
    order = await orders.add(replace(pending(), details=Details(), expected_total=None))
    stored = await collection.find_one()
    assert stored is not None
    assert None not in stored.values()
    done = await orders.advance(order, replace(order, work=None))
    assert done is not None
    stored = await collection.find_one()
    assert stored is not None
    assert "work" not in stored


async def test_of_many_claims_at_once_each_takes_another_order(orders: MongoOrders) -> None:
    for n in range(10):
        await orders.add(pending(f"ord_{n}"))
    claims = await asyncio.gather(*(orders.claim(NOW, LEASE) for _ in range(16)))
    taken = sorted(claim.id for claim in claims if claim)
    assert taken == [f"ord_{n}" for n in range(10)]


async def test_of_many_writes_at_once_on_one_state_one_wins(orders: MongoOrders) -> None:
    before = await orders.add(pending())
    results = await asyncio.gather(*(orders.advance(before, confirmed(before)) for _ in range(16)))
    assert sum(result is not None for result in results) == 1
    assert (await orders.get("ord_1")).fence == before.fence + 1


async def test_a_database_that_does_not_answer_in_time_is_unavailable(
    collection: Collection, backlog: MongoBacklog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mongo, "_operation_s", 1e-6)
    orders = mongo_orders(collection)
    calls: list[Callable[[], Awaitable[Any]]] = [
        lambda: orders.add(pending()),
        lambda: orders.get("ord_1"),
        lambda: orders.view("ord_1"),
        lambda: orders.find(None, None, None, 1),
        lambda: orders.events("ord_1", None, 1),
        lambda: orders.advance(pending(), pending()),
        lambda: orders.amend(pending(), pending()),
        lambda: orders.remove(pending()),
        lambda: orders.claim(NOW, LEASE),
        orders.next_due,
        lambda: backlog.backlog(NOW),
        lambda: backlog.waiting(NOW, 1),
    ]
    for call in calls:
        with pytest.raises(Unavailable):
            await call()


class TestIndexes:
    """Every query is served by an index: no collection is scanned, nothing is sorted in memory."""

    async def test_lists(self, orders: MongoOrders, plans: "Plans") -> None:
        for n in range(5):
            await orders.add(pending(f"ord_{n}"))
        cursors = {}
        for customer_id in (None, "cus_1"):
            for status in (None, Status.PENDING):
                page = await orders.find(customer_id, status, None, 2)
                cursors[customer_id, status] = page.next_cursor
        async with plans.watched() as queries:
            for (customer_id, status), cursor in cursors.items():
                await orders.find(customer_id, status, None, 2)
                await orders.find(customer_id, status, cursor, 2)
        assert len(queries) == 8
        plans.check(queries)

    async def test_everything_else(
        self, orders: MongoOrders, backlog: MongoBacklog, plans: "Plans"
    ) -> None:
        for n in range(5):
            await orders.add(pending(f"ord_{n}"))
        async with plans.watched() as queries:
            order = await orders.get("ord_0")
            await orders.events("ord_0", None, 1)
            await orders.amend(order, life.edit(order, Details(), NOW))
            claimed = await orders.claim(NOW, LEASE)
            assert claimed is not None
            advanced = await orders.advance(claimed, confirmed(claimed))
            assert advanced is not None
            await orders.next_due()
            await backlog.backlog(NOW)
            await orders.remove(advanced)
        kinds = {query["op"] + ":" + next(iter(query["command"])) for query in queries}
        assert {"query:find", "command:findAndModify", "remove:q"} <= kinds
        plans.check(queries)


class Plans:
    """What the database did for each query, as its profiler tells."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._database: AsyncDatabase[dict[str, Any]] = collection.database

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[list[dict[str, Any]]]:
        queries: list[dict[str, Any]] = []
        await self._database.command("profile", 2)
        try:
            yield queries
        finally:
            await self._database.command("profile", 0)
        wanted = {"ns": f"{self._database.name}.{self._collection.name}"}
        queries += [q async for q in self._database["system.profile"].find(wanted)]

    def check(self, queries: list[dict[str, Any]]) -> None:
        for query in queries:
            plan = query["planSummary"]
            assert plan.startswith(("IXSCAN", "IDHACK", "COUNT_SCAN")), query
            assert not query.get("hasSortStage"), query


@pytest.fixture
def plans(collection: Collection) -> Plans:
    return Plans(collection)

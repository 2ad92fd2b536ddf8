"""New orders are written down many at a time, and what was written down goes once it is stored."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from pymongo.asynchronous.collection import AsyncCollection
from tests.fakes.order.store_suite import LEASE, NOW, confirmed, pending
from tests.integration.order.conftest import mongo_orders

from shop.order import progress
from shop.order.accepted import Accepted
from shop.order.model import Status
from shop.order.repository import MongoOrders
from shop.order.settled import Settled

Collection = AsyncCollection[dict[str, Any]]


@pytest.fixture
def intake(collection: Collection) -> Collection:
    return collection.database["intake"]


async def accepted(
    orders: MongoOrders, count: int, at: datetime = NOW, *, begin: int = 0
) -> list[Accepted]:
    ids = range(begin, begin + count)
    new = [progress.hold(pending(f"ord_{n}"), at, LEASE) for n in ids]
    return await asyncio.gather(*map(orders.accept, new))


async def test_what_arrives_together_is_one_document_until_the_last_is_stored_and_audited(
    orders: MongoOrders, settled: Settled, intake: Collection
) -> None:
    first, *others = await accepted(orders, 5)
    (batch,) = await intake.find().to_list()
    assert len(batch["orders"]) == 5
    assert batch["dueAt"] == NOW + LEASE
    for each in others:
        assert await orders.settle(each, confirmed(each.order))
    assert await intake.count_documents({}) == 1
    await settled.flush()
    assert await intake.count_documents({}) == 1
    assert await orders.settle(first, confirmed(first.order))
    assert await intake.count_documents({}) == 1
    await settled.flush()
    assert await intake.count_documents({}) == 0
    assert {o.status for o in (await orders.find(None, None, None, 9)).items} == {Status.CONFIRMED}


async def test_two_batches_are_placed_beside_each_other_and_the_next_waits_for_one(
    orders: MongoOrders, intake: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shop.order.intake.PATIENCE_S", 60.0)
    first, *_ = await accepted(orders, 3)
    await accepted(orders, 2, begin=10)
    third = asyncio.create_task(accepted(orders, 4, begin=20))
    fourth = asyncio.create_task(accepted(orders, 1, begin=30))
    for _ in range(20):  # many times as long as it would take them
        assert await intake.count_documents({}) == 2
    for n in range(3):
        first.batch.leave(f"ord_{n}")
    assert {each.batch.id for each in await third} == {each.batch.id for each in await fourth}
    assert await intake.count_documents({}) == 3


async def test_orders_whose_placing_takes_long_hold_up_the_next_for_a_bounded_time(
    orders: MongoOrders, intake: Collection
) -> None:
    for n in range(4):  # of which none is ever left
        async with asyncio.timeout(30):
            await accepted(orders, 1, begin=n)
    assert await intake.count_documents({}) == 4


async def test_a_batch_is_due_with_the_first_of_its_leases(
    orders: MongoOrders, intake: Collection
) -> None:
    new = [pending("ord_0"), pending("ord_1")]
    leases = LEASE, LEASE - timedelta(seconds=3)
    held = [progress.hold(o, NOW, lease) for o, lease in zip(new, leases, strict=True)]
    await asyncio.gather(*map(orders.accept, held))
    (batch,) = await intake.find().to_list()
    assert batch["dueAt"] == NOW + LEASE - timedelta(seconds=3)


async def test_of_a_batch_only_what_is_not_stored_is_recovered_by_whoever_comes_by(
    orders: MongoOrders, collection: Collection, intake: Collection
) -> None:
    stored, *left = await accepted(orders, 4)
    await orders.settle(stored, confirmed(stored.order))
    instances = [mongo_orders(collection) for _ in range(3)]
    counts = await asyncio.gather(*(each.recover(NOW + LEASE) for each in instances))
    assert sum(counts) == len(left)
    assert await intake.count_documents({}) == 0
    found = {o.id: o.status for o in (await orders.find(None, None, None, 9)).items}
    assert found.pop(stored.order.id) is Status.CONFIRMED
    assert set(found.values()) == {Status.PENDING}

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


async def accepted(orders: MongoOrders, count: int, at: datetime = NOW) -> list[Accepted]:
    new = [progress.hold(pending(f"ord_{n}"), at, LEASE) for n in range(count)]
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

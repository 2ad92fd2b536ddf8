"""The first entries of new orders get into the audit trail, each once, whatever dies on the way."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pymongo import WriteConcern
from pymongo.asynchronous.collection import AsyncCollection
from tests.fakes.clock import HandClock
from tests.fakes.order.store_suite import LEASE, NOW, confirmed, pending
from tests.integration.order.conftest import intake_beside, mongo_orders

from shop.common.background import running
from shop.common.errors import ShopError
from shop.order import documents, life, progress
from shop.order.accepted import Accepted
from shop.order.audit import AuditTrail
from shop.order.model import Operation, Order
from shop.order.repository import MongoOrders
from shop.order.settled import MOST, Settled

Collection = AsyncCollection[dict[str, Any]]

OVERDUE = NOW + LEASE


@pytest.fixture
def intake(collection: Collection) -> Collection:
    return collection.database["intake"]


@pytest.fixture
def audit(collection: Collection) -> Collection:
    return collection.database["audit"]


@pytest.fixture
def trail(collection: Collection, audit: Collection) -> AuditTrail:
    return AuditTrail(collection, audit, HandClock(NOW + timedelta(days=1)))


async def accepted(orders: MongoOrders, count: int) -> list[Accepted]:
    new = [progress.hold(pending(f"ord_{n}"), NOW, LEASE) for n in range(count)]
    return await asyncio.gather(*map(orders.accept, new))


async def stored(orders: MongoOrders, count: int = 1) -> list[Order]:
    """Place orders up to where they are stored, and the request is answered."""
    new = await accepted(orders, count)
    settled = await asyncio.gather(*(orders.settle(a, confirmed(a.order)) for a in new))
    return [order for order in settled if order]


async def paid(orders: MongoOrders, order: Order) -> Order:
    after = await orders.advance(order, life.move(order, Operation.PAY, NOW))
    assert after
    return after


async def seqs(audit: Collection) -> dict[str, list[int]]:
    """Return the numbers of all entries that are there, as often as they are, order by order."""
    found: dict[str, list[int]] = {}
    for record in await audit.find().sort("_id").to_list():
        found.setdefault(record["orderId"], []).extend(e["seq"] for e in record["entries"])
    return found


async def copied(trail: AuditTrail) -> int:
    """Let the copier go on until nothing is due; return how many orders it has seen."""
    count = 0
    while found := await trail.copy_due():
        count += found
    return count


async def test_what_is_stored_gets_into_the_trail_without_a_write_of_the_order(
    orders: MongoOrders, settled: Settled, collection: Collection, audit: Collection
) -> None:
    await stored(orders, 3)
    before = await collection.find().to_list()
    assert not any("auditDue" in order for order in before)
    await settled.flush()
    assert await seqs(audit) == {f"ord_{n}": [1, 2, 3] for n in range(3)}
    assert await collection.find().to_list() == before


async def test_the_record_is_what_the_copier_makes_of_the_same_order(
    orders: MongoOrders, settled: Settled, trail: AuditTrail, audit: Collection
) -> None:
    await stored(orders)
    await settled.flush()
    ours = await audit.find().to_list()
    await audit.delete_many({})
    await trail.copy("ord_0")
    assert await audit.find().to_list() == ours


async def test_more_than_go_together_go_all_the_same(
    orders: MongoOrders, settled: Settled, audit: Collection, intake: Collection
) -> None:
    await stored(orders, MOST + 7)
    await settled.flush()
    assert await audit.count_documents({}) == MOST + 7
    assert await intake.count_documents({}) == 0


async def test_they_are_brought_by_themselves_and_before_a_stop(
    orders: MongoOrders, settled: Settled, audit: Collection, intake: Collection
) -> None:
    async with running(settled.run(), stop=settled.stop):
        await stored(orders)
        async with asyncio.timeout(30):
            while await intake.count_documents({}):
                await asyncio.sleep(0.01)
        assert await seqs(audit) == {"ord_0": [1, 2, 3]}
    patient = Settled(intake_beside(orders._orders), AuditTrail(orders._orders, audit), rest_s=3600)
    late = mongo_orders(orders._orders, patient)
    async with running(patient.run(), stop=patient.stop):
        (new,) = await asyncio.gather(late.accept(pending("ord_late")))
        assert await late.settle(new, confirmed(new.order))
    assert (await seqs(audit))["ord_late"] == [1, 2, 3]
    assert await intake.count_documents({}) == 0


async def test_of_a_process_that_died_after_it_stored_an_order_the_entries_are_copied(
    orders: MongoOrders, settled: Settled, trail: AuditTrail, audit: Collection, intake: Collection
) -> None:
    await stored(orders, 2)
    assert await copied(trail) == 0
    assert await mongo_orders(orders._orders).recover(OVERDUE) == 0
    assert await intake.count_documents({}) == 0
    assert await copied(trail) == 2
    assert await seqs(audit) == {f"ord_{n}": [1, 2, 3] for n in range(2)}
    await settled.flush()  # it was only stopped
    assert await seqs(audit) == {f"ord_{n}": [1, 2, 3] for n in range(2)}


async def test_what_the_trail_refuses_is_left_to_the_batch(
    orders: MongoOrders, settled: Settled, trail: AuditTrail, audit: Collection, intake: Collection
) -> None:
    database = audit.database
    await database.create_collection("audit", validator={"none": {"$exists": True}})
    await stored(orders, 2)
    await settled.flush()
    assert await intake.count_documents({}) == 1
    await database.command("collMod", "audit", validator={})
    await settled.flush()
    assert await seqs(audit) == {}, "who failed forgets it"
    await orders.recover(OVERDUE)
    await copied(trail)
    assert await seqs(audit) == {f"ord_{n}": [1, 2, 3] for n in range(2)}


async def test_what_no_majority_has_seen_in_the_trail_is_left_to_the_batch(
    collection: Collection, trail: AuditTrail, audit: Collection, intake: Collection
) -> None:
    unsure = audit.with_options(write_concern=WriteConcern(w=3, wtimeout=1))
    settled = Settled(intake_beside(collection), AuditTrail(collection, unsure))
    orders = mongo_orders(collection, settled)
    await stored(orders, 2)
    await settled.flush()
    assert await intake.count_documents({}) == 1
    await orders.recover(OVERDUE)
    assert await copied(trail) == 2
    assert await seqs(audit) == {f"ord_{n}": [1, 2, 3] for n in range(2)}


async def test_who_reads_the_trail_first_sees_it_and_leaves_nothing_twice(
    orders: MongoOrders, settled: Settled, trail: AuditTrail, audit: Collection, intake: Collection
) -> None:
    await stored(orders, 2)
    for _ in range(2):
        entries = (await trail.find("ord_0", cursor=None, limit=9)).items
        assert [entry.seq for entry in entries] == [3, 2, 1]
    await settled.flush()
    assert await intake.count_documents({}) == 0
    assert await seqs(audit) == {f"ord_{n}": [1, 2, 3] for n in range(2)}


@pytest.mark.parametrize("first", ["the copier", "who stored it", "recovery"])
async def test_an_order_that_is_changed_at_once_has_each_entry_once(
    orders: MongoOrders,
    settled: Settled,
    trail: AuditTrail,
    audit: Collection,
    intake: Collection,
    first: str,
) -> None:
    (order,) = await stored(orders)
    await paid(orders, order)
    if first == "who stored it":
        await settled.flush()
    elif first == "recovery":
        await orders.recover(OVERDUE)
    assert await copied(trail) == 1
    await settled.flush()
    assert await seqs(audit) == {"ord_0": [1, 2, 3, 4]}
    assert await intake.count_documents({}) == 0


async def test_a_record_that_has_fewer_entries_is_completed(
    orders: MongoOrders, settled: Settled, trail: AuditTrail, audit: Collection
) -> None:
    await orders.add(pending("ord_0"))
    await trail.copy("ord_0")
    await orders._orders.delete_one({"_id": "ord_0"})
    await stored(orders)
    await settled.flush()
    assert await seqs(audit) == {"ord_0": [1, 2, 3]}


async def test_recoveries_and_copiers_at_once_leave_each_entry_once(
    orders: MongoOrders, settled: Settled, trail: AuditTrail, audit: Collection, intake: Collection
) -> None:
    new = await accepted(orders, 16)
    storing = (orders.settle(each, confirmed(each.order)) for each in new[:8])
    placed = [order for order in await asyncio.gather(*storing) if order]
    left = new[8:]
    await asyncio.gather(*(paid(orders, order) for order in placed[:4]))
    others = [mongo_orders(orders._orders) for _ in range(3)]
    copiers = [AuditTrail(orders._orders, audit, trail._now) for _ in range(3)]
    await asyncio.gather(
        *(each.recover(OVERDUE) for each in others),
        *(each.copy_due() for each in copiers),
        settled.flush(),
    )
    await copied(trail)
    assert await intake.count_documents({}) == 0
    expected = {order.id: [1, 2, 3, 4] if order in placed[:4] else [1, 2, 3] for order in placed}
    expected |= {each.order.id: [1] for each in left}
    assert await seqs(audit) == expected


async def test_recovery_leaves_alone_what_is_in_the_trail_and_hastens_what_is_due(
    orders: MongoOrders, trail: AuditTrail, collection: Collection
) -> None:
    (order, *_) = await stored(orders, 3)
    await trail.copy("ord_1")
    await paid(orders, order)
    before = {each["_id"]: each for each in await collection.find().to_list()}
    await orders.recover(OVERDUE)
    after = {each["_id"]: each for each in await collection.find().to_list()}
    assert after["ord_0"] == before["ord_0"], "it was due before"
    assert after["ord_1"] == before["ord_1"]
    assert after["ord_2"] == before["ord_2"] | {"auditDue": OVERDUE}


async def test_an_order_that_is_deleted_before_it_is_in_the_trail_is_there_whole_and_once(
    orders: MongoOrders, settled: Settled, trail: AuditTrail, audit: Collection, intake: Collection
) -> None:
    order, other = await stored(orders, 2)
    cancelled = await orders.advance(order, life.move(order, Operation.CANCEL, NOW))
    assert cancelled
    await trail.copy(order.id)
    assert await orders.remove(cancelled)
    (batch,) = await intake.find().to_list()
    assert [each["_id"] for each in batch["orders"]] == [other.id]
    await settled.flush()
    assert await intake.count_documents({}) == 0
    assert await seqs(audit) == {order.id: [1, 2, 3, 4], other.id: [1, 2, 3]}
    assert await orders.recover(OVERDUE) == 0
    assert await orders._orders.count_documents({}) == 1


async def test_an_order_that_is_found_stored_is_left_to_the_batch(
    orders: MongoOrders, settled: Settled, trail: AuditTrail, audit: Collection, intake: Collection
) -> None:
    """By this process perhaps, which was not told that it had been."""
    (new,) = await accepted(orders, 1)
    before = documents.document(confirmed(new.order), due=False)
    await orders._orders.insert_one(before)
    assert await orders.settle(new, confirmed(new.order)) is None
    await settled.flush()
    assert await intake.count_documents({}) == 1
    await orders.recover(OVERDUE)
    await copied(trail)
    assert await seqs(audit) == {"ord_0": [1, 2, 3]}


async def test_an_order_of_unknown_fate_is_left_to_the_batch(
    collection: Collection, trail: AuditTrail, audit: Collection, intake: Collection
) -> None:
    unsure = collection.with_options(write_concern=WriteConcern(w=3, wtimeout=1))
    settled = Settled(intake_beside(collection), AuditTrail(collection, audit))
    (new,) = await accepted(mongo_orders(collection), 1)
    with pytest.raises(ShopError):
        await mongo_orders(unsure, settled).settle(new, confirmed(new.order))
    await settled.flush()
    assert (await intake.count_documents({}), await seqs(audit)) == (1, {})
    assert await mongo_orders(collection).recover(OVERDUE) == 0
    await copied(trail)
    assert await seqs(audit) == {"ord_0": [1, 2, 3]}


async def test_an_order_that_is_stored_late_while_its_batch_is_recovered_is_copied(
    orders: MongoOrders, trail: AuditTrail, audit: Collection, intake: Collection
) -> None:
    (new,) = await accepted(orders, 1)
    other = mongo_orders(orders._orders)
    store = other._intake._store

    async def overtaken(due: Any) -> int:
        assert await orders.settle(new, confirmed(new.order))
        return await store(due)

    other._intake._store = overtaken  # type: ignore[method-assign]
    assert await other.recover(OVERDUE) == 0
    assert await intake.count_documents({}) == 0
    await copied(trail)
    assert await seqs(audit) == {"ord_0": [1, 2, 3]}

"""The trail of who did what: whole, in order, once, and there after the order."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.fakes.clock import HandClock
from tests.fakes.order.store_suite import NOW, confirmed, pending
from tests.fakes.order.world import World, lamps

from shop.common import caller, trace
from shop.common.caller import Caller, Kind
from shop.common.mongo import Database
from shop.order.audit import LINGER, AuditTrail
from shop.order.audit_records import record
from shop.order.errors import UnknownOrder
from shop.order.model import Details, Entry, Status
from shop.order.repository import MongoOrders

ADA = Caller(Kind.SHOPPER, "s-1")
EVE = Caller(Kind.STAFF, "s-2")
LATER = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
async def trail(database: Database) -> AuditTrail:
    trail = AuditTrail(database["orders"], database["audit"], HandClock(LATER))
    await trail.prepare()
    return trail


@pytest.fixture
def world(orders: MongoOrders) -> World:
    return World(orders)


def told(entries: Any) -> list[tuple[str, str | None, Status | None, Status | None]]:
    return [(e.type, e.by, e.before, e.after) for e in reversed(entries)]


async def everything(trail: AuditTrail, order_id: str) -> list[Entry]:
    return list((await trail.find(order_id, cursor=None, limit=100)).items)


async def test_each_entry_says_who_did_what_and_in_which_request(
    world: World, trail: AuditTrail
) -> None:
    caller.enter(ADA)
    current = trace.Trace.of(None)
    trace.enter(current)
    order = await world.service.place(lamps(1))
    caller.enter(EVE)
    trace.enter(None)
    await world.service.pay(order.id)
    entries = await everything(trail, order.id)
    itself = "service:order"
    assert told(entries) == [
        ("placed", "shopper:s-1", None, Status.PENDING),
        ("confirmed", itself, Status.PENDING, Status.CONFIRMED),
        ("linked", itself, Status.CONFIRMED, None),
        ("paid", "staff:s-2", Status.CONFIRMED, Status.PAID),
        ("stock-committed", itself, Status.PAID, None),
        ("linked", itself, Status.PAID, None),
    ]
    assert [entry.seq for entry in entries] == [6, 5, 4, 3, 2, 1]
    assert {entry.trace_id for entry in entries[-3:]} == {current.trace_id}


async def test_what_is_due_is_copied_once_and_what_follows_too(
    orders: MongoOrders, trail: AuditTrail, database: Database
) -> None:
    added = [await orders.add(pending(f"ord_{n}")) for n in range(3)]
    assert await trail.copy_due() == 3
    assert await trail.copy_due() == 0
    assert await database["audit"].count_documents({}) == 3
    await orders.advance(added[0], confirmed(added[0]))
    assert await trail.copy_due() == 1
    entries = await everything(trail, "ord_0")
    assert [entry.seq for entry in entries] == [*range(len(entries), 0, -1)]
    assert entries[0].before is Status.CONFIRMED


async def test_a_copy_that_died_before_it_was_remembered_is_made_again_and_changes_nothing(
    world: World, trail: AuditTrail, database: Database
) -> None:
    order = await world.service.place(lamps(1))
    await trail.copy(order.id)
    before = await database["audit"].find().to_list()
    again = {"$set": {"auditDue": world.now}, "$unset": {"audited": ""}}
    await database["orders"].update_one({"_id": order.id}, again)
    assert await trail.copy_due() == 1
    assert await database["audit"].find().to_list() == before


async def test_what_came_while_it_was_copied_stays_due(
    world: World, trail: AuditTrail, database: Database
) -> None:
    order = await world.service.place(lamps(1))
    (stale,) = await database["orders"].find().to_list()
    await world.service.pay(order.id)
    await trail._copy([stale])
    assert await trail.copy_due() == 1
    assert told(await everything(trail, order.id))[3][0] == "paid"


async def test_a_copier_that_knew_less_and_one_that_knew_more_leave_each_entry_once(
    world: World, trail: AuditTrail, database: Database
) -> None:
    order = await world.service.place(lamps(1))
    (less,) = await database["orders"].find().to_list()
    await world.service.pay(order.id)
    (more,) = await database["orders"].find().to_list()
    await trail._copy([less])
    await trail._copy([more])  # it has not heard of the other
    await trail._copy([less])
    records = await database["audit"].find().sort("_id").to_list()
    kept = [[entry["seq"] for entry in record["entries"]] for record in records]
    assert kept == [[1, 2, 3], [4, 5, 6]]
    assert await trail.copy_due() == 0


async def test_an_entry_that_is_in_two_records_is_told_once(
    world: World, trail: AuditTrail, database: Database
) -> None:
    order = await world.service.place(lamps(1))
    await trail.copy(order.id)
    (first,) = await database["audit"].find().to_list()
    lost = {"$unset": {"audited": ""}}  # with a primary, and then an entry that it had kept
    again = record(order.id, first["entries"][1:])
    await database["audit"].insert_one(again)
    await database["orders"].update_one({"_id": order.id}, lost)
    assert [entry.seq for entry in await everything(trail, order.id)] == [3, 2, 1]


async def test_a_record_is_kept_as_long_as_its_latest_entry(
    world: World, trail: AuditTrail, database: Database
) -> None:
    order = await world.service.place(lamps(1))
    world.wait(60)
    await world.service.pay(order.id)
    latest = (await everything(trail, order.id))[0]
    (kept,) = await database["audit"].find().to_list()
    assert kept["at"] == latest.at > order.created_at


async def test_pages_end_within_records_and_between_them(world: World, trail: AuditTrail) -> None:
    order = await world.service.place(lamps(1))
    await trail.copy(order.id)
    for note in ("by the door", "by the gate"):
        await world.service.replace(order.id, Details(note=note))
        await trail.copy(order.id)
    await world.service.pay(order.id)
    for limit in (1, 2, 3, 4, 7, 8, 9):
        seqs, cursor = [], None
        while not seqs or cursor:
            page = await trail.find(order.id, cursor=cursor, limit=limit)
            assert len(page.items) <= limit
            seqs += [entry.seq for entry in page.items]
            cursor = page.next_cursor
        assert seqs == [8, 7, 6, 5, 4, 3, 2, 1]


async def test_entries_linger_so_that_they_go_together(
    orders: MongoOrders, database: Database
) -> None:
    clock = HandClock(NOW)
    trail = AuditTrail(database["orders"], database["audit"], clock)
    await orders.add(pending())
    assert await trail.copy_due() == 0
    clock.advance(LINGER)
    assert await trail.copy_due() == 1


async def test_it_comes_in_pages_and_is_there_when_the_order_is_not(
    world: World, trail: AuditTrail, database: Database
) -> None:
    order = await world.service.place(lamps(1))
    await trail.copy(order.id)
    await database["orders"].delete_one({"_id": order.id})
    first = await trail.find(order.id, cursor=None, limit=2)
    rest = await trail.find(order.id, cursor=first.next_cursor, limit=2)
    assert [entry.type for entry in (*first.items, *rest.items)] == [
        *("linked", "confirmed", "placed")
    ]
    assert rest.next_cursor is None
    with pytest.raises(UnknownOrder):
        await everything(trail, "ord_2")

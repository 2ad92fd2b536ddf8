"""Writes that come at the same time go as one command, and each is told its own outcome."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from pymongo import WriteConcern
from pymongo.asynchronous.collection import AsyncCollection
from tests.fakes.order.store_suite import NOW, confirmed, pending
from tests.integration.order.conftest import mongo_orders

from shop.common.errors import DeadlineExceeded, Unavailable
from shop.common.mongo import Document
from shop.common.peer import Deadline, deadline_scope
from shop.order import life
from shop.order.model import Details, Order, Reason, Status
from shop.order.repository import MongoOrders

Collection = AsyncCollection[dict[str, Any]]


async def added(orders: MongoOrders, count: int) -> list[Order]:
    stored = await asyncio.gather(*(orders.add(pending(f"ord_{n:02}")) for n in range(count)))
    return [order for order in stored if order]


def noted(order: Order, note: str) -> Order:
    return life.edit(order, Details(None, note), NOW)


async def told(collection: Collection) -> list[dict[str, Any]]:
    await collection.database.command("profile", 0)
    wanted = {"ns": collection.full_name}
    return await collection.database["system.profile"].find(wanted).to_list()


async def test_orders_that_come_at_once_are_inserted_by_one_command(
    orders: MongoOrders, collection: Collection
) -> None:
    await collection.database.command("profile", 2)
    assert len(await added(orders, 40)) == 40
    inserts = [entry["ninserted"] for entry in await told(collection) if entry["op"] == "insert"]
    assert inserts == [40]


async def test_a_duplicate_among_new_orders_is_told_to_its_own_caller(
    orders: MongoOrders, collection: Collection
) -> None:
    first = await orders.add(pending("ord_07", "cus_first"))
    twice = [pending(f"ord_{n:02}") for n in (*range(20), 3)]
    outcomes = await asyncio.gather(*map(orders.add, twice))
    refused = [n for n, outcome in enumerate(outcomes) if outcome is None]
    assert refused == [7, 20]
    assert await orders.get("ord_07") == first
    assert await collection.count_documents({}) == 20


async def test_each_of_many_changes_is_told_whether_it_was_made(orders: MongoOrders) -> None:
    """Fresh ones, stale ones, two of one order, one edited meanwhile, one that is not there."""
    before = await added(orders, 30)
    for order in before[:5]:  # stale: somebody else has led them on
        assert await orders.advance(order, confirmed(order))
    for order in before[5:10]:  # edited: the version is another, the fence is not
        assert await orders.amend(order, noted(order, "theirs"))
    nowhere = pending("ord_none")
    asked = [*before, *before[10:15], nowhere]
    outcomes = await asyncio.gather(*(orders.advance(order, confirmed(order)) for order in asked))
    assert outcomes[:5] == [None] * 5
    assert [made and (made.version, made.details.note) for made in outcomes[5:10]] == [
        (3, "theirs")
    ] * 5
    for first, second in zip(outcomes[10:15], outcomes[30:35], strict=True):
        assert (first is None) != (second is None)
    assert all(outcomes[15:30])
    assert outcomes[35] is None
    for outcome in outcomes:
        if outcome is not None:
            assert await orders.get(outcome.id) == outcome
    assert [(await orders.get(o.id)).status for o in before] == [Status.CONFIRMED] * 30


async def test_steps_and_edits_of_the_same_orders_at_once_all_stay(orders: MongoOrders) -> None:
    before = await added(orders, 20)
    changes = [orders.advance(order, confirmed(order)) for order in before]
    changes += [orders.amend(order, noted(order, "new")) for order in before]
    outcomes = await asyncio.gather(*changes)
    for order, led_on, edited in zip(before, outcomes[:20], outcomes[20:], strict=True):
        assert led_on is not None
        stored = await orders.get(order.id)
        assert stored.status is Status.CONFIRMED
        # The edit names the version that it was made from: it may have come second.
        assert stored.details.note == ("new" if edited else order.details.note)
        assert stored.version == 2 + (edited is not None)


async def test_who_was_overtaken_before_the_outcome_was_known_still_learns_it(
    orders: MongoOrders, collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the command and the question which of it was done, others go on with the order."""
    before, others = await added(orders, 3), mongo_orders(collection)
    assert await orders.advance(before[0], confirmed(before[0]))
    found = orders._writes._found

    async def after_others(*arguments: Any) -> Any:
        for order in [await others.get(order.id) for order in before[1:]]:
            assert await others.advance(order, life.reject(order, NOW, Reason("x", "x")))
        return await found(*arguments)

    monkeypatch.setattr(orders._writes, "_found", after_others)
    outcomes = await asyncio.gather(*(orders.advance(o, confirmed(o)) for o in before))
    assert [outcome and outcome.fence for outcome in outcomes] == [None, 2, 2]
    assert (await orders.get(before[1].id)).fence == 3


async def test_a_word_is_left_by_the_last_few_writes_only(
    orders: MongoOrders, collection: Collection
) -> None:
    [order, other] = await added(orders, 2)
    for n in range(20):
        saved = await asyncio.gather(
            orders.amend(order, noted(order, str(n))), orders.amend(other, noted(other, str(n)))
        )
        order, other = [each for each in saved if each]
    stored = await collection.find_one({"_id": order.id})
    assert stored is not None
    assert len(stored["wrote"]) == 8


async def test_the_time_of_one_caller_bounds_no_other(
    orders: MongoOrders, collection: Collection
) -> None:
    gate, insert = asyncio.Event(), orders._writes.insert._together

    async def held(new: Sequence[Document]) -> Sequence[bool | Exception]:
        await gate.wait()
        return await insert(new)

    orders._writes.insert._together = held  # type: ignore[assignment]
    patient = asyncio.create_task(orders.add(pending("ord_1")))
    with deadline_scope(Deadline.after(0.02)):
        hasty = asyncio.create_task(orders.add(pending("ord_2")))
    with pytest.raises(DeadlineExceeded):
        await hasty
    gate.set()
    assert await patient == replace(pending("ord_1"), news=())


async def test_a_write_that_no_majority_has_seen_is_unavailable_to_all_of_its_callers(
    collection: Collection,
) -> None:
    unsure = collection.with_options(write_concern=WriteConcern(w=3, wtimeout=1))
    orders = mongo_orders(unsure)
    outcomes = await asyncio.gather(
        *(orders.add(pending(f"ord_{n}")) for n in range(3)), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 3
    before = [await orders.get(f"ord_{n}") for n in range(3)]
    outcomes = await asyncio.gather(
        *(orders.advance(o, confirmed(o)) for o in before), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 3

"""Keyset pages: complete, in order, and as cheap deep down as at the top."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from pymongo import ASCENDING, DESCENDING, IndexModel

from shop.common import mongo
from shop.common.clock import epoch_ms
from shop.common.keyset import LatestFirst, NewestFirst, find_page
from shop.common.page import Cursors, InvalidCursor

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
INDEXES = (
    IndexModel([("at", DESCENDING), ("_id", DESCENDING)]),
    IndexModel([("owner", ASCENDING), ("at", DESCENDING), ("_id", DESCENDING)]),
    IndexModel([("owner", ASCENDING), ("_id", DESCENDING)]),
)
ORDERS = {
    "newest": NewestFirst("things", {}),
    "newest of an owner": NewestFirst("things", {"owner": 1}),
    "latest": LatestFirst("things", {}, "at"),
    "latest of an owner": LatestFirst("things", {"owner": 1}, "at"),
    "latest since": LatestFirst("things", {}, "at", since=START + timedelta(milliseconds=5)),
}
each_order = pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS.keys())


@pytest.fixture
async def things(database):
    await mongo.ensure_indexes(database["things"], INDEXES)
    return database["things"]


def thing(number: int, ms: int) -> dict[str, object]:
    at = START + timedelta(milliseconds=ms)
    return {"_id": f"t{number:06d}", "owner": number % 3, "at": at}


async def walk(things, order, limit=7, between=None):
    """Return the ids of all pages, one after the other."""
    ids, cursor = [], None
    while True:
        page = await find_page(
            things, order, limit=limit, cursor=cursor, model=lambda document: document["_id"]
        )
        assert len(page.items) <= limit
        ids += page.items
        cursor = page.next_cursor
        if cursor is None:
            return ids
        assert len(page.items) == limit
        if between:
            await between()


def expected(documents, order) -> list[str]:
    since = getattr(order, "since", None) or START - timedelta(days=1)
    owners = {order.filters["owner"]} if order.filters else {0, 1, 2}
    shown = [each for each in documents if each["owner"] in owners and each["at"] >= since]
    by_time = isinstance(order, LatestFirst)
    shown.sort(key=lambda each: (each["at"] if by_time else 0, each["_id"]), reverse=True)
    return [each["_id"] for each in shown]


@each_order
@pytest.mark.parametrize("count", [0, 1, 7, 8, 21, 100])
async def test_every_item_is_shown_once_in_order(things, order, count):
    numbers = random.Random(count).sample(range(1000), count)
    documents = [thing(number, number % 13) for number in numbers]  # many times are equal
    if documents:
        await things.insert_many(documents)
    assert await walk(things, order) == expected(documents, order)


@each_order
async def test_what_is_inserted_meanwhile_neither_shifts_nor_repeats_what_was_there(things, order):
    documents = [thing(number, number % 13) for number in range(100)]
    await things.insert_many(documents)
    added = iter(range(1000, 2000))

    async def insert():
        await things.insert_many([thing(next(added), 100) for _ in range(5)])

    assert await walk(things, order, between=insert) == expected(documents, order)


@each_order
async def test_what_is_deleted_meanwhile_shifts_nothing(things, order):
    documents = [thing(number, number % 13) for number in range(100)]
    await things.insert_many(documents)
    shown = expected(documents, order)
    gone = set(shown[::5])

    async def delete():
        await things.delete_many({"_id": {"$in": sorted(gone)}})

    walked = await walk(things, order, between=delete)
    assert walked == [each for each in shown if each not in gone or each in shown[:7]]


async def test_a_cursor_of_other_filters_is_refused(things):
    await things.insert_many([thing(number, 0) for number in range(20)])
    page = await find_page(things, ORDERS["newest"], limit=5, cursor=None, model=dict)
    for other in list(ORDERS.values())[1:]:
        with pytest.raises(InvalidCursor):
            await find_page(things, other, limit=5, cursor=page.next_cursor, model=dict)


@pytest.mark.parametrize("ms", [2**63 - 1, -(2**63), 10**15])
async def test_a_cursor_to_a_time_that_is_none_is_refused(things, ms):
    order = ORDERS["latest"]
    forged = Cursors.of("things", filters={}, since=None).encode(ms, "t")
    with pytest.raises(InvalidCursor):
        await find_page(things, order, limit=5, cursor=forged, model=dict)


def stages(plan: dict) -> list[str]:
    below = [plan["inputStage"]] if "inputStage" in plan else plan.get("inputStages", [])
    return [plan["stage"], *(stage for each in below for stage in stages(each))]


async def explained(things, order, cursor: tuple | None, limit=20) -> dict:
    since = getattr(order, "since", None)
    cursors = Cursors.of(order.name, filters=order.filters, since=since)
    query = order.query(cursors, cursors.encode(*cursor) if cursor else None)
    return await things.database.command(
        "explain",
        {"find": things.name, "filter": query, "sort": dict(order.sort), "limit": limit + 1},
        verbosity="executionStats",
    )


@each_order
@pytest.mark.parametrize("equal_times", [1, 500], ids=["times differ", "500 of the same time"])
async def test_a_page_costs_the_same_at_any_depth(things, order, equal_times):
    documents = [thing(number, 5 + number // equal_times) for number in range(3000)]
    await things.insert_many(documents)
    shown = expected(documents, order)
    by_id = {each["_id"]: each for each in documents}
    for depth in (None, 0, 30, len(shown) // 2, len(shown) - 30):
        cursor = None
        if depth is not None:
            last = shown[depth]
            at = epoch_ms(by_id[last]["at"])
            cursor = (at, last) if isinstance(order, LatestFirst) else (last,)
        plan = await explained(things, order, cursor)
        used = stages(plan["queryPlanner"]["winningPlan"])
        assert "COLLSCAN" not in used
        assert "SORT" not in used
        stats = plan["executionStats"]
        assert stats["nReturned"] == 21
        assert stats["totalDocsExamined"] <= 2 * 21, (depth, used)
        assert stats["totalKeysExamined"] <= 2 * 21 + 2, (depth, used)

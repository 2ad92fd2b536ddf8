"""What only the MongoDB stores have: indexes, expiry of old entries, errors, and who is told."""

import asyncio
import itertools
import signal
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from tests.fakes.product.stores import HOUR, PASSED, Stores, a_product
from tests.integration.product.conftest import in_mongo

from shop.common.clock import now
from shop.common.errors import DeadlineExceeded, Unavailable
from shop.common.keyset import NewestFirst
from shop.common.page import Cursors
from shop.common.peer import Deadline, deadline_scope
from shop.product.model import Movement, Op, ProductFilter, State
from shop.product.repository import (
    MongoReservations,
    MongoShelf,
    create_indexes,
    search,
)
from shop.product.repository.products import query_of
from shop.product.service import Reservations

Database = AsyncDatabase[dict[str, Any]]

FILTERS: list[dict[str, Any]] = [
    {},
    {"category": "c1"},
    {"min_price": 10},
    {"max_price": 90},
    {"min_price": 10, "max_price": 90},
    {"category": "c1", "min_price": 10},
    {"category": "c1", "min_price": 10, "max_price": 90},
    {"ids": ["prd_a", "prd_b"]},
    {"ids": ["prd_a", "prd_b"], "category": "c1", "min_price": 10},
    {"q": "thing"},
    {"q": "thing", "category": "c1", "min_price": 10, "ids": ["prd_a"]},
]


def stages(plan: dict[str, Any]) -> Iterator[str]:
    """Walk through the stages of a winning plan."""
    yield plan["stage"]
    for part in [plan.get("inputStage"), plan.get("outerStage"), *plan.get("inputStages", [])]:
        if part:
            yield from stages(part)


async def explained(collection: Any, query: dict[str, Any], **options: Any) -> tuple[set[str], Any]:
    cursor = collection.find(query, **options)
    plan = await cursor.explain()
    return set(stages(plan["queryPlanner"]["winningPlan"])), plan["executionStats"]


async def test_a_product_can_be_found_by_its_marks_until_it_has_rested(
    database: Database, stores: Stores
) -> None:
    sold, resting, bearing = [await stores.product(9) for _ in range(3)]
    for product_id in (sold, resting):
        await stores.reserving().reserve(f"o-{product_id}", [(product_id, 1)], HOUR)
    until = (await stores.shelf.look([bearing]))[bearing].seen_at + HOUR
    await stores.shelf.apply(Movement("mov_1", "ord_1", Op.TAKE, until, {bearing: 1}))
    old = {"$set": {"updatedAt": now() - timedelta(minutes=11)}}
    await database["products"].update_many({"_id": {"$in": [resting, bearing]}}, old)
    await stores.sweeper().sweep_once()
    assert await stores.marks(sold) == await stores.marks(resting) == []
    await stores.sweeper().sweep_once()
    found = await database["products"].find({"marked": True}).to_list()
    assert {document["_id"] for document in found} == {sold, bearing}
    await stores.reserving().reserve("again", [(resting, 1)], HOUR)
    assert await database["products"].count_documents({"marked": True}) == 3


async def test_every_list_that_is_offered_is_served_by_an_index(
    database: Database, stores: Stores
) -> None:
    for i in range(60):
        await stores.product(category=f"c{i % 3}", name=f"Thing {i}")
    for chosen, depth in itertools.product(FILTERS, [None, "prd_m"]):
        order = NewestFirst("products", query_of(ProductFilter(**chosen)))
        cursors = Cursors("scope")
        query = order.query(cursors, cursors.encode(depth) if depth else None)
        used, _ = await explained(database["products"], query, sort=[("_id", -1)], limit=21)
        assert "COLLSCAN" not in used, query
        assert used & {"IXSCAN", "IDHACK", "TEXT_MATCH"}, query
        assert "q" in chosen or "SORT" not in used, query


async def test_a_page_costs_the_same_at_any_depth(database: Database, stores: Stores) -> None:
    made = sorted([await stores.product(category="c") for _ in range(90)], reverse=True)
    for chosen in ({}, {"category": "c"}, {"min_price": 1}):
        for last in (made[0], made[60]):
            query = {"$and": [query_of(ProductFilter(**chosen)), {"_id": {"$lt": last}}]}
            _, cost = await explained(database["products"], query, sort=[("_id", -1)], limit=21)
            assert cost["totalKeysExamined"] <= 22


async def test_a_common_word_costs_no_more_than_the_bound_and_shows_the_best(
    database: Database, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "BEST", 4)
    described = [await stores.product(name="Vase", description="like a lamp") for _ in range(3)]
    named = [await stores.product(name="Lamp") for _ in range(3)]
    described += [await stores.product(name="Bowl", description="like a lamp") for _ in range(3)]
    page = await stores.catalogue.find(limit=10, q="lamp")
    assert [p.id for p in page.items] == sorted([*named, described[-1]], reverse=True)
    rare = await stores.product(name="Chair")
    page = await stores.catalogue.find(limit=10, q="lamp chair")
    assert page.items[0].id == rare, "a common word does not push out a rare one"
    assert len(page.items) == 5


async def test_other_filters_are_applied_to_the_best_matches_only(
    database: Database, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "LOOKED_AT", 2)
    made = [await stores.product(name="Lamp", category=f"c{n}") for n in range(3)]
    found = [
        [p.id for p in (await stores.catalogue.find(limit=10, q="lamp", category=f"c{n}")).items]
        for n in range(3)
    ]
    assert found == [[], [made[1]], [made[2]]]


@pytest.mark.parametrize("q", ['"red lamp"', "-lamp", '"', "-", "the", "  lamp  ", "a" * 200])
async def test_no_sign_in_a_search_has_a_meaning_of_its_own(stores: Stores, q: str) -> None:
    lamp = await stores.product(name="blue lamp")
    page = await stores.catalogue.find(limit=10, q=q)
    assert [p.id for p in page.items] == ([lamp] if "lamp" in q else [])


async def test_what_the_service_asks_by_itself_is_served_by_an_index(
    database: Database, stores: Stores
) -> None:
    before = {"$lt": a_product().created_at}
    for collection, query in (
        ("products", {"sku": "A"}),
        ("products", {"marked": True, "marks.until": before}),
        ("reservations", {"state": "held", "expiresAt": before}),
        ("reservations", {"movement.until": before}),
        ("stockAdjustments", {"movement.until": before}),
    ):
        used, _ = await explained(database[collection], query)
        assert "COLLSCAN" not in used, query
        assert "IXSCAN" in used, query


async def test_the_adjustments_of_a_product_are_listed_by_an_index(
    database: Database, stores: Stores
) -> None:
    query = {"productId": "prd_a", "stock": {"$exists": True}, "_id": {"$lt": "adj_m"}}
    used, _ = await explained(database["stockAdjustments"], query, sort=[("_id", -1)], limit=21)
    assert used.isdisjoint({"COLLSCAN", "SORT"})


async def test_instances_that_start_together_create_the_indexes_once(database: Database) -> None:
    await asyncio.gather(*[create_indexes(database) for _ in range(6)])
    await create_indexes(database)
    assert set(await database["products"].index_information()) >= {"sku", "words", "marked"}


async def test_what_came_to_nothing_is_purged_later_and_what_was_sold_is_kept(
    database: Database, stores: Stores
) -> None:
    lamp = await stores.product()
    for order_id in ("sold", "released", "expired", "held"):
        ttl = PASSED if order_id == "expired" else HOUR
        await stores.reserving().reserve(order_id, [(lamp, 1)], ttl)
    await stores.reserving().commit("sold")
    await stores.reserving().release("released")
    await stores.reserving().release("unknown")
    await stores.sweeper().sweep_once()
    purged = await database["reservations"].distinct("_id", {"purgeAt": {"$exists": True}})
    assert set(purged) == {"released", "expired", "unknown"}
    async for document in database["reservations"].find({"purgeAt": {"$exists": True}}):
        assert (document["purgeAt"] - document["createdAt"]).days >= 30


async def test_whoever_keeps_copies_of_products_is_told_when_their_stock_moves(
    database: Database, stores: Stores
) -> None:
    lamp, vase = await stores.product(), await stores.product()
    told: list[Sequence[str]] = []

    async def tell(product_ids: Sequence[str]) -> None:
        told.append(product_ids)

    reserving = Reservations(MongoShelf(database["products"], tell), stores.reservations)
    await reserving.reserve("o1", [(lamp, 1), (vase, 1)], HOUR)
    assert told == [[lamp, vase]]
    await reserving.commit("o1")
    assert told == [[lamp, vase], [lamp, vase]]


class Meddling:
    """The reservations, of which others take one over right after any update."""

    def __init__(self, stores: Stores, collection: Any) -> None:
        self._stores = stores
        self._collection = collection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._collection, name)

    async def bulk_write(self, *args: Any, **options: Any) -> Any:
        written = await self._collection.bulk_write(*args, **options)
        begun = await self._stores.reservations.get("o1")
        assert begun
        assert await self._stores.reservations.take_over(begun, HOUR)
        return written


async def test_what_was_taken_over_before_it_was_seen_to_have_begun_is_not_ours(
    database: Database, stores: Stores
) -> None:
    lamp = await stores.product()
    await stores.reserving().reserve("o1", [(lamp, 1)], HOUR)
    slow = MongoReservations(Meddling(stores, database["reservations"]))  # type: ignore[arg-type]
    assert await slow.advance("o1", Op.COMMIT, PASSED) is None


async def test_orders_that_go_on_at_the_same_time_go_together(
    database: Database, stores: Stores
) -> None:
    lamp = await stores.product(100)
    journal = stores.reservations
    for n in range(9):
        await stores.reserving().reserve(f"o{n}", [(lamp, 1)], HOUR)
    ops = [Op.COMMIT, Op.RELEASE, Op.EXPIRE, Op.RETURN]
    begun = await asyncio.gather(
        *(journal.advance(f"o{n}", ops[n % 4], HOUR) for n in range(8)),
        journal.advance("nobody", Op.COMMIT, HOUR),
        *(journal.advance("o8", op, HOUR) for op in (Op.COMMIT, Op.RELEASE, Op.COMMIT)),
    )
    states = [each and each.state for each in begun[:9]]
    there = [State.COMMITTED, State.RELEASED, None, None]
    assert states == [*there, *there, None]
    assert [each is not None for each in begun[9:]].count(True) == 1
    for each in begun:
        assert each is None or each == await journal.get(each.order_id)


async def test_a_database_that_hangs_is_said_to_be_away(start_mongo: Any) -> None:
    server = await start_mongo()
    async with AsyncMongoClient[dict[str, Any]](server.url, tz_aware=True) as client:
        stores = in_mongo(client["shop"])
        await stores.reserving().release("o1")
        server.signal(signal.SIGSTOP)
        try:
            # Who goes together with others waits no longer than their own time.
            for call, said in (
                (stores.reserving().commit("o1"), DeadlineExceeded),
                (stores.products.get("prd_a"), Unavailable),
            ):
                with deadline_scope(Deadline.after(0.3)), pytest.raises(said):
                    await call
        finally:
            server.signal(signal.SIGCONT)
        assert (await stores.reserving().release("o1")).order_id == "o1"

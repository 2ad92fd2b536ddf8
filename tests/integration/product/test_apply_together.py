"""Movements that reach a product at the same time are one update, and each has its own outcome."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from random import Random
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.monitoring import CommandListener
from tests.fakes.product.stores import HOUR, Stores

from shop.common.ids import new_id
from shop.product.model import Movement, Op, State, Stock
from shop.product.repository import MongoShelf

Database = AsyncDatabase[dict[str, Any]]


@pytest.fixture
async def until(stores: Stores) -> datetime:
    lamp = await stores.product()
    return (await stores.shelf.look([lamp]))[lamp].seen_at + HOUR


def of(op: Op, until: datetime, pieces: Mapping[str, int]) -> Movement:
    return Movement(new_id("mov"), new_id("ord"), op, until, pieces)


async def together(stores: Stores, *movements: Movement) -> list[int]:
    return list(await asyncio.gather(*(stores.shelf.apply(each) for each in movements)))


async def test_each_of_many_leaves_its_mark(stores: Stores, until: datetime) -> None:
    lamp = await stores.product(100)
    taking = [of(Op.TAKE, until, {lamp: n % 3 + 1}) for n in range(30)]
    before = (await stores.products.get(lamp)).version
    assert await together(stores, *taking) == [1] * 30
    assert await stores.stock(lamp) == Stock(100, 60)
    assert sorted(await stores.marks(lamp)) == sorted(each.id for each in taking)
    assert (await stores.products.get(lamp)).version == before + 30


class Updates(CommandListener):
    """Counts the updates that each command holds, and remembers what commands there were."""

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.commands: list[str] = []

    def started(self, event: Any) -> None:
        self.commands.append(event.command_name)
        if event.command_name == "update":
            self.sent.append(len(event.command["updates"]))

    def succeeded(self, event: Any) -> None:
        pass

    def failed(self, event: Any) -> None:
        pass


async def test_what_reaches_many_products_is_one_update(
    mongo_uri: str, database: Database, stores: Stores, until: datetime
) -> None:
    products = {await stores.product(100): n for n in range(1, 21)}
    taking = [of(Op.TAKE, until, {p: n}) for p, n in products.items()]
    assert await together(stores, *taking) == [1] * 20
    selling = [of(Op.COMMIT, until, {p: 1}) for p in [*products][:10]]
    back = [of(Op.RELEASE, until, {p: 1}) for p in [*products][10:]]
    more = of(Op.TAKE, until, dict.fromkeys(products, 2))
    updates = Updates()
    async with AsyncMongoClient[dict[str, Any]](mongo_uri, event_listeners=[updates]) as client:
        shelf = MongoShelf(client[database.name]["products"])
        reached = await together(replace(stores, shelf=shelf), *selling, more, *back)
    assert reached == [*[1] * 10, 20, *[1] * 10]
    assert updates.sent == [1]
    for sold, (p, n) in enumerate(products.items()):
        assert await stores.stock(p) == Stock(99 if sold < 10 else 100, n - 1 + 2)
        assert len(await stores.marks(p)) == 3


async def test_who_sells_again_what_was_sold_lately_does_not_look(
    mongo_uri: str, database: Database, stores: Stores
) -> None:
    lamp = await stores.product(100)
    told = Updates()
    async with AsyncMongoClient[dict[str, Any]](
        mongo_uri, tz_aware=True, event_listeners=[told]
    ) as client:
        shelf = MongoShelf(client[database.name]["products"])
        selling = replace(stores, shelf=shelf).reserving()
        await selling.reserve("o1", [(lamp, 1)], HOUR)
        assert told.commands == ["find", "update"]
        await selling.reserve("o2", [(lamp, 1)], HOUR)
        assert told.commands == ["find", "update", "update"]


async def test_what_looks_like_an_expression_is_none(stores: Stores, until: datetime) -> None:
    lamp = await stores.product(100)
    odd = Movement("$$ROOT", "$sku", Op.TAKE, until, {lamp: 1, "$sku": 1})
    assert await together(stores, odd, of(Op.TAKE, until, {lamp: 1})) == [1, 1]
    assert [mark.of for mark in await stores.shelf.taken("$sku", [lamp])] == ["$sku"]


async def test_a_movement_without_pieces_reaches_none(stores: Stores, until: datetime) -> None:
    assert await together(stores, of(Op.TAKE, until, {})) == [0]


async def test_where_there_is_not_enough_for_all_there_is_for_some(
    stores: Stores, until: datetime
) -> None:
    lamp = await stores.product(10)
    reached = await together(stores, *(of(Op.TAKE, until, {lamp: 3}) for _ in range(20)))
    assert sorted(reached) == [0] * 17 + [1] * 3
    assert await stores.stock(lamp) == Stock(10, 9)
    assert len(await stores.marks(lamp)) == 3


async def test_a_product_that_is_short_does_not_keep_others(
    stores: Stores, until: datetime
) -> None:
    lamp, vase = await stores.product(2), await stores.product(100)
    reached = await together(stores, *(of(Op.TAKE, until, {lamp: 1, vase: 1}) for _ in range(8)))
    assert sorted(reached) == [1] * 6 + [2] * 2
    assert await stores.stock(lamp) == Stock(2, 2)
    assert await stores.stock(vase) == Stock(100, 8)


async def test_what_is_given_back_may_be_taken_at_once(stores: Stores, until: datetime) -> None:
    lamp = await stores.product(4)
    assert await together(stores, of(Op.TAKE, until, {lamp: 4})) == [1]
    back, taking = of(Op.RELEASE, until, {lamp: 4}), of(Op.TAKE, until, {lamp: 3})
    assert await together(stores, taking, back) == [1, 1]
    assert await stores.stock(lamp) == Stock(4, 3)


async def test_one_movement_twice_at_once_happens_once(stores: Stores, until: datetime) -> None:
    """Its holder was slow, and another in the same process has taken it over."""
    lamp = await stores.product(10)
    slow, other = of(Op.TAKE, until, {lamp: 2}), of(Op.TAKE, until, {lamp: 1})
    taken_over = replace(slow, until=until + HOUR)
    assert await together(stores, slow, other, taken_over, slow) == [1, 1, 1, 1]
    assert await stores.stock(lamp) == Stock(10, 3)
    assert sorted(await stores.marks(lamp)) == sorted([slow.id, other.id])
    assert await together(stores, taken_over, of(Op.TAKE, until, {lamp: 1})) == [1, 1]
    assert await stores.stock(lamp) == Stock(10, 4)


async def test_one_that_is_late_or_void_does_not_keep_others(
    stores: Stores, until: datetime
) -> None:
    lamp = await stores.product(10)
    late = of(Op.TAKE, until - 3 * HOUR, {lamp: 1})
    void = of(Op.TAKE, until, {lamp: 1})
    assert not await stores.shelf.seal(void)
    reached = await together(
        stores, of(Op.TAKE, until, {lamp: 1}), late, void, of(Op.TAKE, until, {lamp: 1})
    )
    assert reached == [1, 0, 0, 1]
    assert await stores.stock(lamp) == Stock(10, 2)


async def test_a_product_that_is_gone_is_passed_over(stores: Stores, until: datetime) -> None:
    lamp = await stores.product(10)
    taking = [of(Op.TAKE, until, {lamp: 1, "prd_gone": 1}) for _ in range(3)]
    assert await together(stores, *taking) == [1, 1, 1]


async def test_adjustments_each_tell_the_stock_right_after_them(stores: Stores) -> None:
    lamp = await stores.product(100)
    adjusting = stores.adjusting()
    made, _ = await asyncio.gather(
        asyncio.gather(*(adjusting.adjust(lamp, -1, "x") for _ in range(10))),
        asyncio.gather(*(stores.reserving().reserve(f"o{n}", [(lamp, 1)], HOUR) for n in range(9))),
    )
    assert sorted(each.stock.on_hand for each in made if each.stock) == [*range(90, 100)]
    assert await stores.stock(lamp) == Stock(90, 9)


async def test_marks_that_were_let_go_of_are_erased_by_the_next_of_many(
    stores: Stores, until: datetime
) -> None:
    lamp = await stores.product(100)
    first = [of(Op.TAKE, until, {lamp: 1}) for _ in range(5)]
    await together(stores, *first)
    for each in first:
        stores.shelf.forget(each)
    second = [of(Op.TAKE, until, {lamp: 1}) for _ in range(5)]
    await together(stores, *second)
    assert sorted(await stores.marks(lamp)) == sorted(each.id for each in second)


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_meets_the_books_are_right(
    database: Database, stores: Stores, seed: int
) -> None:
    """Three instances hold, commit and release at random, of few products with too little."""
    dice = Random(seed)
    initial = {await stores.product(n): n for n in (5, 9, 40)}
    services = [
        replace(stores, shelf=MongoShelf(database["products"])).reserving() for _ in range(3)
    ]
    told: dict[str, State] = {}

    async def buy(order_id: str) -> None:
        wanted = [(p, dice.randint(1, 3)) for p in initial if dice.random() < 0.6] or [
            (next(iter(initial)), 1)
        ]
        if not (await dice.choice(services).reserve(order_id, wanted, HOUR)).created:
            raise AssertionError(order_id)
        told[order_id] = State.HELD
        if dice.random() < 0.6:
            commit = dice.random() < 0.5
            service = dice.choice(services)
            ended = await (service.commit if commit else service.release)(order_id)
            told[order_id] = ended.state

    outcomes = await asyncio.gather(*(buy(f"o{n}") for n in range(60)), return_exceptions=True)
    refused = [each for each in outcomes if each is not None]
    assert {getattr(each, "code", each) for each in refused} <= {"insufficient-stock"}
    assert told
    kept = {r.order_id: r for r in await stores.all_reservations()}
    assert {order_id: r.state for order_id, r in kept.items()} == told
    for p, there in initial.items():
        held, sold = (
            sum(r.pieces.get(p, 0) for r in kept.values() if r.state is state)
            for state in (State.HELD, State.COMMITTED)
        )
        assert await stores.stock(p) == Stock(there - sold, held)
        assert held + sold <= there

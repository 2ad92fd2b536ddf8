"""What adjustments do, on any store."""

import asyncio

import pytest
from tests.fakes.product.stores import HOUR, PASSED, Stores

from shop.common.page import InvalidCursor
from shop.product.errors import AdjustmentNotFound, InsufficientStock, ProductNotFound
from shop.product.model import Stock


async def test_an_adjustment_changes_what_is_on_hand(stores: Stores) -> None:
    lamp = await stores.product(5)
    made = await stores.adjusting().adjust(lamp, 3, "delivery")
    assert (made.product_id, made.delta, made.reason) == (lamp, 3, "delivery")
    assert made.stock == Stock(8, 0)
    assert made.movement is None
    assert await stores.stock(lamp) == Stock(8, 0)
    assert await stores.adjusting().get(lamp, made.id) == made


async def test_nothing_that_is_reserved_is_taken_away(stores: Stores) -> None:
    lamp = await stores.product(5)
    await stores.reserving().reserve("o1", [(lamp, 2)], HOUR)
    with pytest.raises(InsufficientStock) as refused:
        await stores.adjusting().adjust(lamp, -4, "broken")
    assert refused.value.members["shortages"] == [
        {"productId": lamp, "requested": 4, "available": 3}
    ]
    assert (await stores.adjusting().adjust(lamp, -3, "broken")).stock == Stock(2, 2)
    assert len(await stores.all_adjustments()) == 1


async def test_an_adjustment_is_made_once_for_each_id(stores: Stores) -> None:
    lamp = await stores.product(5)
    calls = [
        stores.adjusting(pauses_s=[0.001] * 5000).adjust(lamp, -5, "sold", "adj_1")
        for _ in range(8)
    ]
    outcomes = await asyncio.gather(*calls)
    assert {a.stock for a in outcomes} == {Stock(0, 0)}
    assert await stores.adjusting().adjust(lamp, -5, "sold", "adj_1") == outcomes[0]
    assert await stores.stock(lamp) == Stock(0, 0)


async def test_a_repeated_call_settles_an_abandoned_adjustment(stores: Stores) -> None:
    lamp = await stores.product(5)
    await stores.adjustments.begin("adj_1", lamp, -2, "lost", PASSED)
    assert (await stores.adjusting().adjust(lamp, -2, "lost", "adj_1")).stock == Stock(3, 0)
    assert await stores.stock(lamp) == Stock(3, 0)


async def test_an_adjustment_by_nothing_is_recorded(stores: Stores) -> None:
    lamp = await stores.product(5)
    made = await stores.adjusting().adjust(lamp, 0, "counted")
    assert made.stock == Stock(5, 0)
    assert await stores.adjusting().get(lamp, made.id) == made


async def test_adjustments_at_once_all_count_and_none_goes_below_zero(stores: Stores) -> None:
    lamp = await stores.product(5)
    calls = [stores.adjusting().adjust(lamp, -1, "broken") for _ in range(9)]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert len([o for o in outcomes if isinstance(o, InsufficientStock)]) == 4
    made = await stores.all_adjustments()
    assert sorted(a.stock.on_hand for a in made if a.stock) == [0, 1, 2, 3, 4]


async def test_adjustments_of_what_does_not_exist(stores: Stores) -> None:
    lamp, vase = await stores.product(), await stores.product()
    made = await stores.adjusting().adjust(lamp, 1, "found")
    with pytest.raises(ProductNotFound):
        await stores.adjusting().adjust("prd_none", 1, "found")
    with pytest.raises(ProductNotFound):
        await stores.adjusting().find("prd_none", limit=1)
    with pytest.raises(AdjustmentNotFound):
        await stores.adjusting().get(vase, made.id)
    with pytest.raises(AdjustmentNotFound):
        await stores.adjusting().get(lamp, "adj_none")


async def test_pages_show_the_adjustments_of_one_product_newest_first(stores: Stores) -> None:
    lamp, vase = await stores.product(), await stores.product()
    made = [await stores.adjusting().adjust(lamp, i, "x") for i in range(3)]
    await stores.adjusting().adjust(vase, 1, "x")
    first = await stores.adjusting().find(lamp, limit=2)
    rest = await stores.adjusting().find(lamp, limit=2, cursor=first.next_cursor)
    found = [*first.items, *rest.items]
    assert [a.id for a in found] == sorted([a.id for a in made], reverse=True)
    assert rest.next_cursor is None
    with pytest.raises(InvalidCursor):
        await stores.adjusting().find(vase, limit=2, cursor=first.next_cursor)

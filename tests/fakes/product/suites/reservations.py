"""What reservations do, on any store."""

import asyncio
from datetime import timedelta

import pytest
from tests.fakes.product.stores import HOUR, PASSED, Stores

from shop.common.money import Money
from shop.common.page import InvalidCursor
from shop.product.errors import (
    InsufficientStock,
    MixedCurrencies,
    ReservationDiffers,
    ReservationExpired,
    ReservationNotFound,
    ReservationReleased,
    StaleVersion,
    TotalTooLarge,
    UnknownProduct,
)
from shop.product.model import State, Stock


async def test_reserving_copies_names_and_prices_and_sums_what_is_named_twice(
    stores: Stores,
) -> None:
    lamp = await stores.product(5, sku="L", name="Lamp", price=Money(100, "EUR"))
    vase = await stores.product(5, sku="V", name="$vase", price=Money(30, "EUR"))
    reserved = await stores.reserving().reserve("o1", [(vase, 1), (lamp, 2), (vase, 3)], HOUR)
    held = reserved.reservation
    assert reserved.created
    assert [(x.product_id, x.sku, x.name, x.unit_price.amount, x.quantity) for x in held.lines] == [
        (vase, "V", "$vase", 30, 4),
        (lamp, "L", "Lamp", 100, 2),
    ]
    assert (held.state, held.version, held.total) == (State.HELD, 1, Money(320, "EUR"))
    assert held.expires_at == held.created_at + HOUR
    assert await stores.reserving().get("o1") == held
    assert await stores.stock(lamp) == Stock(5, 2)
    assert await stores.stock(vase) == Stock(5, 4)


async def test_repeating_a_reservation_takes_nothing_again(stores: Stores) -> None:
    lamp = await stores.product(2)
    first = await stores.reserving().reserve("o1", [(lamp, 2)], HOUR)
    again = await stores.reserving().reserve("o1", [(lamp, 1), (lamp, 1)], HOUR)
    assert not again.created
    assert again.reservation == first.reservation
    assert await stores.stock(lamp) == Stock(2, 2)


async def test_other_lines_under_the_same_order_are_refused(stores: Stores) -> None:
    lamp, vase = await stores.product(5), await stores.product(5)
    await stores.reserving().reserve("o1", [(lamp, 2)], HOUR)
    for lines in ([(lamp, 1)], [(vase, 2)], [(lamp, 2), (vase, 1)]):
        with pytest.raises(ReservationDiffers):
            await stores.reserving().reserve("o1", lines, HOUR)
    assert await stores.stock(lamp) == Stock(5, 2)


async def test_every_short_line_is_named_and_nothing_is_taken(stores: Stores) -> None:
    lamp, vase, chair = await stores.product(3), await stores.product(1), await stores.product(9)
    with pytest.raises(InsufficientStock) as refused:
        await stores.reserving().reserve("o1", [(lamp, 2), (vase, 2), (chair, 1), (lamp, 2)], HOUR)
    assert refused.value.members["shortages"] == [
        {"productId": lamp, "requested": 4, "available": 3},
        {"productId": vase, "requested": 2, "available": 1},
    ]
    assert await stores.stock(chair) == Stock(9, 0)
    with pytest.raises(ReservationNotFound):
        await stores.reserving().get("o1")


async def test_every_unknown_product_is_named(stores: Stores) -> None:
    lamp = await stores.product()
    with pytest.raises(UnknownProduct) as refused:
        await stores.reserving().reserve("o1", [("prd_x", 1), (lamp, 1), ("prd_y", 1)], HOUR)
    assert [f.pointer for f in refused.value.fields] == [
        "#/lines/0/productId",
        "#/lines/2/productId",
    ]


async def test_currencies_are_not_mixed(stores: Stores) -> None:
    euro = await stores.product(price=Money(1, "EUR"))
    yen = await stores.product(price=Money(1, "JPY"))
    with pytest.raises(MixedCurrencies):
        await stores.reserving().reserve("o1", [(euro, 1), (yen, 1)], HOUR)


async def test_a_total_has_a_limit(stores: Stores) -> None:
    gold = await stores.product(price=Money(10**12, "EUR"))
    with pytest.raises(TotalTooLarge):
        await stores.reserving().reserve("o1", [(gold, 2)], HOUR)
    assert (await stores.reserving().reserve("o1", [(gold, 1)], HOUR)).created


async def test_if_match_asks_for_a_reservation_in_that_version(stores: Stores) -> None:
    lamp = await stores.product()
    with pytest.raises(StaleVersion):
        await stores.reserving().reserve("o1", [(lamp, 1)], HOUR, frozenset({1}))
    await stores.reserving().reserve("o1", [(lamp, 1)], HOUR)
    assert not (await stores.reserving().reserve("o1", [(lamp, 1)], HOUR, frozenset({1}))).created
    with pytest.raises(StaleVersion):
        await stores.reserving().reserve("o1", [(lamp, 1)], HOUR, frozenset({2}))


async def test_committing_takes_the_pieces_off_the_shelf_once(stores: Stores) -> None:
    lamp, vase = await stores.product(5), await stores.product(5)
    await stores.reserving().reserve("o1", [(lamp, 2), (vase, 1)], HOUR)
    committed = await stores.reserving().commit("o1")
    assert (committed.state, committed.version) == (State.COMMITTED, 2)
    assert await stores.reserving().commit("o1") == committed
    assert await stores.stock(lamp) == Stock(3, 0)
    assert await stores.stock(vase) == Stock(4, 0)
    assert not (await stores.reserving().reserve("o1", [(lamp, 2), (vase, 1)], HOUR)).created


async def test_releasing_gives_the_pieces_back_once(stores: Stores) -> None:
    lamp = await stores.product(5)
    await stores.reserving().reserve("o1", [(lamp, 2)], HOUR)
    released = await stores.reserving().release("o1")
    assert (released.state, released.version) == (State.RELEASED, 2)
    assert await stores.reserving().release("o1") == released
    assert await stores.stock(lamp) == Stock(5, 0)


async def test_releasing_what_is_committed_puts_it_back_on_the_shelf(stores: Stores) -> None:
    lamp = await stores.product(5)
    await stores.reserving().reserve("o1", [(lamp, 2)], HOUR)
    await stores.reserving().commit("o1")
    released = await stores.reserving().release("o1")
    assert (released.state, released.version) == (State.RELEASED, 3)
    assert await stores.stock(lamp) == Stock(5, 0)


async def test_a_product_that_is_gone_does_not_hold_up_a_return(stores: Stores) -> None:
    lamp, vase = await stores.product(5), await stores.product(5)
    await stores.reserving().reserve("o1", [(lamp, 2), (vase, 1)], HOUR)
    await stores.reserving().commit("o1")
    await stores.catalogue.delete(lamp, None)
    assert (await stores.reserving().release("o1")).state is State.RELEASED
    assert await stores.stock(vase) == Stock(5, 0)


async def test_what_was_released_is_neither_committed_nor_reserved_again(stores: Stores) -> None:
    lamp = await stores.product(5)
    await stores.reserving().reserve("o1", [(lamp, 2)], HOUR)
    await stores.reserving().release("o1")
    with pytest.raises(ReservationReleased):
        await stores.reserving().commit("o1")
    with pytest.raises(ReservationReleased):
        await stores.reserving().reserve("o1", [(lamp, 2)], HOUR)
    assert await stores.stock(lamp) == Stock(5, 0)


async def test_a_hold_that_arrives_after_its_release_is_refused(stores: Stores) -> None:
    lamp = await stores.product(5)
    buried = await stores.reserving().release("o1")
    assert (buried.state, list(buried.lines), buried.total) == (State.RELEASED, [], None)
    assert buried.expires_at is None
    assert await stores.reserving().get("o1") == buried
    assert await stores.reserving().release("o1") == buried
    with pytest.raises(ReservationReleased):
        await stores.reserving().reserve("o1", [(lamp, 2)], HOUR)
    assert await stores.stock(lamp) == Stock(5, 0)


async def test_an_unknown_order_has_nothing_to_commit(stores: Stores) -> None:
    with pytest.raises(ReservationNotFound):
        await stores.reserving().commit("o1")
    with pytest.raises(ReservationNotFound):
        await stores.reserving().get("o1")


async def test_an_overdue_hold_is_not_committed_even_if_nobody_swept(stores: Stores) -> None:
    lamp = await stores.product(5)
    await stores.reserving().reserve("o1", [(lamp, 2)], PASSED)
    for _ in range(2):
        with pytest.raises(ReservationExpired):
            await stores.reserving().commit("o1")
    assert (await stores.reserving().get("o1")).state is State.EXPIRED
    assert await stores.stock(lamp) == Stock(5, 0)


async def test_an_overdue_hold_is_not_confirmed_by_a_repeated_call(stores: Stores) -> None:
    lamp = await stores.product(5)
    await stores.reserving().reserve("o1", [(lamp, 2)], PASSED)
    for _ in range(2):
        with pytest.raises(ReservationExpired):
            await stores.reserving().reserve("o1", [(lamp, 2)], HOUR)
    assert await stores.stock(lamp) == Stock(5, 0)


async def test_an_expired_hold_stays_expired_when_it_is_released(stores: Stores) -> None:
    lamp = await stores.product(5)
    await stores.reserving().reserve("o1", [(lamp, 2)], PASSED)
    assert await stores.reserving().expire("o1")
    assert not await stores.reserving().expire("o1")
    assert (await stores.reserving().release("o1")).state is State.EXPIRED
    assert await stores.stock(lamp) == Stock(5, 0)


async def test_a_hold_that_is_not_overdue_does_not_expire(stores: Stores) -> None:
    lamp = await stores.product(5)
    await stores.reserving().reserve("o1", [(lamp, 2)], HOUR)
    assert not await stores.reserving().expire("o1")
    assert await stores.stock(lamp) == Stock(5, 2)


async def test_many_buyers_of_the_last_pieces(stores: Stores) -> None:
    lamp = await stores.product(10)
    buyers = [stores.reserving().reserve(f"o{i}", [(lamp, 1)], HOUR) for i in range(64)]
    outcomes = await asyncio.gather(*buyers, return_exceptions=True)
    assert len([o for o in outcomes if not isinstance(o, BaseException)]) == 10
    assert len([o for o in outcomes if isinstance(o, InsufficientStock)]) == 54
    assert await stores.stock(lamp) == Stock(10, 10)


async def test_all_lines_or_none_also_when_others_are_faster(stores: Stores) -> None:
    lamp, vase = await stores.product(20), await stores.product(7)
    buyers = [stores.reserving().reserve(f"o{i}", [(lamp, 1), (vase, 1)], HOUR) for i in range(20)]
    outcomes = await asyncio.gather(*buyers, return_exceptions=True)
    assert len([o for o in outcomes if not isinstance(o, BaseException)]) == 7
    assert await stores.stock(lamp) == Stock(20, 7)
    assert await stores.stock(vase) == Stock(7, 7)


async def test_the_same_order_reserved_at_once_by_many_is_made_once(stores: Stores) -> None:
    lamp = await stores.product(10)
    calls = [
        stores.reserving(pauses_s=[0.001] * 5000).reserve("o1", [(lamp, 2)], HOUR)
        for _ in range(16)
    ]
    outcomes = await asyncio.gather(*calls)
    assert sorted(o.created for o in outcomes) == [False] * 15 + [True]
    assert {o.reservation.state for o in outcomes} == {State.HELD}
    assert await stores.stock(lamp) == Stock(10, 2)


async def test_commit_and_release_at_once_end_in_one_of_both(stores: Stores) -> None:
    lamp = await stores.product(10)
    for i in range(8):
        await stores.reserving().reserve(f"o{i}", [(lamp, 1)], HOUR)
        calls = [stores.reserving().commit(f"o{i}"), stores.reserving().release(f"o{i}")]
        await asyncio.gather(*calls, return_exceptions=True)
        assert (await stores.reserving().get(f"o{i}")).state is State.RELEASED
    assert await stores.stock(lamp) == Stock(10, 0)


async def test_marks_of_ended_movements_are_erased_by_the_next_one(stores: Stores) -> None:
    lamp = await stores.product(100)
    for i in range(10):
        await stores.reserving().reserve(f"o{i}", [(lamp, 1)], timedelta(minutes=1))
    await stores.shelf.flush()
    assert await stores.marks(lamp) == []


async def test_marks_that_were_let_go_of_just_now_wait_for_the_next_movement(
    stores: Stores,
) -> None:
    lamp = await stores.product(100)
    await stores.reserving().reserve("o1", [(lamp, 1)], timedelta(minutes=1))
    await stores.shelf.flush(rest_s=3600)
    assert len(await stores.marks(lamp)) == 1
    await stores.shelf.flush()
    assert await stores.marks(lamp) == []


async def test_reservations_are_listed_newest_first_and_by_state(stores: Stores) -> None:
    lamp = await stores.product(9)
    reserving = stores.reserving()
    for order_id in ("o1", "o2", "o3"):
        await reserving.reserve(order_id, [(lamp, 1)], HOUR)
    await reserving.release("o2")
    first = await reserving.find(limit=2)
    rest = await reserving.find(limit=2, cursor=first.next_cursor)
    assert [r.id for r in (*first.items, *rest.items)] == ["o3", "o2", "o1"]
    assert rest.next_cursor is None
    assert [r.id for r in (await reserving.find(limit=9, state="held")).items] == ["o3", "o1"]
    with pytest.raises(InvalidCursor):
        await reserving.find(limit=2, state="held", cursor=first.next_cursor)

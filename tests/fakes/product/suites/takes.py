"""How takes survive crashes, zombies and late commands, on any store."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.fakes.product.stores import HOUR, PASSED, Stores, details

from shop.common.errors import Unavailable
from shop.common.ids import new_id
from shop.common.money import Money
from shop.product.errors import (
    InsufficientStock,
    ReservationNotFound,
    ReservationReleased,
    UnknownProduct,
)
from shop.product.model import Hold, Line, Movement, Op, State, Stock
from shop.product.service import Reservations, Takes

LATE = HOUR + timedelta(seconds=20)
"""A lease of an hour ended so long ago that the sweeper settles it; commands may be under way."""

OLD = HOUR + timedelta(seconds=70)
"""It ended so long ago that no command can be under way."""


async def hold_of(stores: Stores, pieces: Mapping[str, int]) -> Hold:
    lines = [Line(p, "S", "Thing", Money(1, "EUR"), q) for p, q in pieces.items()]
    items = await stores.shelf.look(list(pieces))
    return Hold("o1", lines, next(item.seen_at for item in items.values()), HOUR)


async def taken(stores: Stores, pieces: Mapping[str, int], of: str = "o1") -> Movement:
    """Take pieces as a process does that dies right after that; its lease is an hour."""
    hold = await hold_of(stores, pieces)
    movement = Movement(new_id("mov"), of, Op.TAKE, hold.since + HOUR, pieces)
    assert await stores.shelf.apply(movement) == len(pieces)
    return movement


async def test_a_take_that_was_not_decided_is_given_back(stores: Stores) -> None:
    lamp = await stores.product(5)
    dead = await taken(stores, {lamp: 2})
    assert await stores.sweeper().sweep_once() == 0  # its lease runs on
    assert await stores.stock(lamp) == Stock(5, 2)
    await stores.age_marks(LATE)
    assert await stores.sweeper().sweep_once() == 1
    assert await stores.stock(lamp) == Stock(5, 0)
    assert await stores.sweeper().sweep_once() == 0
    await stores.shelf.apply(replace(dead, until=dead.until + HOUR))  # as the server kept it back
    assert await stores.stock(lamp) == Stock(5, 0)
    assert await stores.marks(lamp) == [dead.id]
    await stores.age_marks(OLD - LATE)
    assert await stores.sweeper().sweep_once() == 0
    assert await stores.marks(lamp) == []


async def test_a_take_is_given_back_where_it_had_come_to(stores: Stores) -> None:
    lamp, vase = await stores.product(5), await stores.product(5)
    dead = await taken(stores, {lamp: 2})
    await stores.age_marks(OLD)
    assert await stores.sweeper().sweep_once() == 1
    late = replace(dead, pieces={lamp: 2, vase: 1}, until=dead.until + HOUR)
    await stores.shelf.apply(late)
    await stores.age_marks(OLD + HOUR)
    await stores.sweeper().sweep_once()
    assert await stores.stock(lamp) == Stock(5, 0)
    assert await stores.stock(vase) == Stock(5, 0)


async def test_what_was_given_back_does_not_show_and_is_never_held(stores: Stores) -> None:
    lamp = await stores.product(5)
    hold, dead = await hold_of(stores, {lamp: 2}), await taken(stores, {lamp: 2})
    await stores.age_marks(LATE)
    await stores.sweeper().sweep_once()
    assert (await stores.reservations.hold(hold, dead.id)).state is State.VOID
    for ask in (stores.reserving().get, stores.reserving().commit):
        with pytest.raises(ReservationNotFound):
            await ask("o1")
    assert (await stores.reserving().find(limit=9)).items == []


async def test_a_later_attempt_holds_and_the_dead_one_does_not(stores: Stores) -> None:
    lamp = await stores.product(5)
    hold, dead = await hold_of(stores, {lamp: 2}), await taken(stores, {lamp: 2})
    await stores.age_marks(LATE)
    await stores.sweeper().sweep_once()
    reserved = await stores.reserving().reserve("o1", [(lamp, 2)], HOUR)
    assert reserved.created
    assert await stores.reservations.hold(hold, dead.id) == reserved.reservation
    assert await stores.reservations.void("o1", dead.id) == reserved.reservation
    assert await stores.reserving().get("o1") == reserved.reservation
    await stores.shelf.apply(replace(dead, until=dead.until + HOUR))
    assert await stores.stock(lamp) == Stock(5, 2)


async def test_what_was_decided_stays_taken_though_its_process_died(stores: Stores) -> None:
    lamp = await stores.product(5)
    hold, dead = await hold_of(stores, {lamp: 2}), await taken(stores, {lamp: 2})
    held = await stores.reservations.hold(hold, dead.id)
    assert (held.state, held.taken_by) == (State.HELD, dead.id)
    await stores.age_marks(LATE)
    assert await stores.sweeper().sweep_once() == 0
    assert await stores.marks(lamp) == [dead.id]  # still guards against late commands
    await stores.age_marks(OLD - LATE)
    assert await stores.sweeper().sweep_once() == 0
    assert await stores.marks(lamp) == []
    assert await stores.stock(lamp) == Stock(5, 2)
    assert await stores.reserving().get("o1") == held


async def test_what_was_released_meanwhile_is_given_back_once(stores: Stores) -> None:
    lamp = await stores.product(5)
    hold, dead = await hold_of(stores, {lamp: 2}), await taken(stores, {lamp: 2})
    await stores.reservations.hold(hold, dead.id)
    await stores.reserving().release("o1")
    await stores.age_marks(OLD)
    await stores.sweeper().sweep_once()
    assert await stores.stock(lamp) == Stock(5, 0)


async def test_who_writes_first_holds(stores: Stores) -> None:
    lamp = await stores.product(5)
    hold = await hold_of(stores, {lamp: 2})
    first = await stores.reservations.hold(hold, "mov_1")
    assert await stores.reservations.hold(hold, "mov_2") == first
    assert await stores.reservations.hold(hold, "mov_1") == first
    assert await stores.reservations.void("o1", "mov_1") == first


async def test_who_wrote_first_is_known_again_after_others_went_on(stores: Stores) -> None:
    lamp = await stores.product(5)
    hold, mine = await hold_of(stores, {lamp: 2}), await taken(stores, {lamp: 2})
    await stores.reservations.hold(hold, mine.id)
    committed = await stores.reserving().commit("o1")
    assert await stores.reservations.hold(hold, mine.id) == committed
    assert committed.taken_by == mine.id


async def test_several_dead_attempts_are_remembered(stores: Stores) -> None:
    lamp = await stores.product(5)
    hold = await hold_of(stores, {lamp: 2})
    dead = [(await taken(stores, {lamp: 1})).id for _ in range(3)]
    await stores.age_marks(LATE)
    assert await stores.sweeper().sweep_once() == 3
    for each in dead:
        assert (await stores.reservations.hold(hold, each)).state is State.VOID
    assert await stores.stock(lamp) == Stock(5, 0)


async def test_a_release_buries_what_is_void(stores: Stores) -> None:
    lamp = await stores.product(5)
    hold = await hold_of(stores, {lamp: 2})
    await stores.reservations.void("o1", "mov_dead")
    buried = await stores.reserving().release("o1")
    assert (buried.state, list(buried.lines)) == (State.RELEASED, [])
    assert await stores.reservations.void("o1", "mov_other") == buried
    assert await stores.reservations.hold(hold, "mov_other") == buried
    with pytest.raises(ReservationReleased):
        await stores.reserving().reserve("o1", [(lamp, 2)], HOUR)
    assert await stores.stock(lamp) == Stock(5, 0)


async def test_a_dead_attempt_does_not_have_its_own_order_refused(stores: Stores) -> None:
    lamp = await stores.product(3)
    dead = await taken(stores, {lamp: 2})
    await stores.age_marks(HOUR + timedelta(seconds=1))
    assert (await stores.reserving().reserve("o1", [(lamp, 2)], HOUR)).created
    assert await stores.stock(lamp) == Stock(3, 2)
    await stores.shelf.apply(replace(dead, until=dead.until + HOUR))
    assert await stores.stock(lamp) == Stock(3, 2)


async def test_the_lease_of_another_attempt_is_respected(stores: Stores) -> None:
    lamp = await stores.product(3)
    hold, other = await hold_of(stores, {lamp: 2}), await taken(stores, {lamp: 2})
    with pytest.raises(Unavailable):
        await stores.reserving(pauses_s=[0.0] * 2).reserve("o1", [(lamp, 2)], HOUR)
    with pytest.raises(InsufficientStock):
        await stores.reserving().reserve("o2", [(lamp, 2)], HOUR)
    held = await stores.reservations.hold(hold, other.id)
    assert held.state is State.HELD
    again = await stores.reserving().reserve("o1", [(lamp, 2)], HOUR)
    assert (again.reservation, again.created) == (held, False)
    assert await stores.stock(lamp) == Stock(3, 2)


async def test_what_is_refused_is_not_written_down(stores: Stores) -> None:
    lamp, vase = await stores.product(5), await stores.product(5)
    hold = await hold_of(stores, {lamp: 2, vase: 6})
    assert await Takes(stores.shelf, stores.reservations, HOUR).take(hold) is None
    assert await stores.stock(lamp) == Stock(5, 0)
    before = await stores.products.get(lamp), await stores.products.get(vase)
    with pytest.raises(InsufficientStock):
        await stores.reserving().reserve("o1", [(lamp, 2), (vase, 6)], HOUR)
    assert (await stores.products.get(lamp), await stores.products.get(vase)) == before
    assert await stores.all_reservations() == []


async def test_a_take_whose_lease_is_too_short_leaves_no_trace(stores: Stores) -> None:
    lamp = await stores.product(5)
    with pytest.raises(Unavailable):
        await stores.reserving(lease=PASSED, pauses_s=[0.0] * 2).reserve("o1", [(lamp, 1)], HOUR)
    assert await stores.all_reservations() == []
    assert await stores.stock(lamp) == Stock(5, 0)


class Overtaken:
    """The reservations, where others do something right before the first is held."""

    def __init__(self, stores: Stores, meanwhile: Callable[[str], Awaitable[Any]]) -> None:
        self._journal: Any = stores.reservations
        self._meanwhile: Callable[[str], Awaitable[Any]] | None = meanwhile

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    async def hold(self, hold: Hold, taken_by: str) -> Any:
        meanwhile, self._meanwhile = self._meanwhile, None
        if meanwhile:
            await meanwhile(taken_by)
        return await self._journal.hold(hold, taken_by)


async def test_who_was_settled_in_between_gives_back_and_takes_anew(stores: Stores) -> None:
    lamp = await stores.product(5)
    voided: list[str] = []

    async def settled(taken_by: str) -> None:
        voided.append(taken_by)
        await stores.age_marks(HOUR)
        await stores.sweeper().sweep_once()

    slow = Reservations(stores.shelf, Overtaken(stores, settled))
    reserved = await slow.reserve("o1", [(lamp, 2)], HOUR)
    assert reserved.created
    assert [reserved.reservation.taken_by] != voided
    assert await stores.stock(lamp) == Stock(5, 2)


async def test_who_was_released_in_between_gives_back(stores: Stores) -> None:
    lamp = await stores.product(5)
    slow = Reservations(stores.shelf, Overtaken(stores, lambda _: stores.reserving().release("o1")))
    with pytest.raises(ReservationReleased):
        await slow.reserve("o1", [(lamp, 2)], HOUR)
    assert await stores.stock(lamp) == Stock(5, 0)


async def test_who_was_overtaken_by_the_same_order_gives_back(stores: Stores) -> None:
    lamp = await stores.product(5)
    fast = stores.reserving()
    slow = Reservations(
        stores.shelf, Overtaken(stores, lambda _: fast.reserve("o1", [(lamp, 2)], HOUR))
    )
    reserved = await slow.reserve("o1", [(lamp, 2)], HOUR)
    assert not reserved.created
    assert reserved.reservation == await fast.get("o1")
    assert await stores.stock(lamp) == Stock(5, 2)


class Away:
    """The reservations, of which nothing can be made void for now."""

    def __init__(self, stores: Stores) -> None:
        self._journal: Any = stores.reservations

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    async def void(self, _order_id: str, _movement_id: str) -> Any:
        raise Unavailable("away")


async def test_a_mark_stays_until_its_take_is_settled(stores: Stores) -> None:
    lamp = await stores.product(5)
    dead = await taken(stores, {lamp: 2})
    await stores.age_marks(OLD)
    away: Any = Away(stores)
    assert await replace(stores, reservations=away).sweeper().sweep_once() == 0
    assert await stores.marks(lamp) == [dead.id]
    assert await stores.sweeper().sweep_once() == 1
    assert await stores.stock(lamp) == Stock(5, 0)


async def test_a_price_that_has_changed_since_it_was_seen_is_not_taken(stores: Stores) -> None:
    lamp = await stores.product(5, price=Money(100, "EUR"))
    await stores.reserving().reserve("o1", [(lamp, 1)], HOUR)
    assert lamp in stores.shelf.recall([lamp])
    await stores.catalogue.replace(lamp, details(price=Money(250, "EUR")), None)
    reserved = await stores.reserving().reserve("o2", [(lamp, 2)], HOUR)
    assert [line.unit_price for line in reserved.reservation.lines] == [Money(250, "EUR")]
    assert await stores.stock(lamp) == Stock(5, 3)


async def test_of_two_prices_that_were_seen_only_that_of_now_is_taken(stores: Stores) -> None:
    lamp = await stores.product(5)
    items = await stores.shelf.look([lamp])
    until = items[lamp].seen_at + HOUR
    right, wrong = (
        Movement(new_id("mov"), "o1", Op.TAKE, until, {lamp: 1}, {lamp: items[lamp].edition + n})
        for n in (0, 1)
    )
    reached = await asyncio.gather(stores.shelf.apply(right), stores.shelf.apply(wrong))
    assert reached == [1, 0]
    assert await stores.stock(lamp) == Stock(5, 1)


async def test_stock_that_others_have_taken_since_it_was_seen_is_not_promised(
    stores: Stores,
) -> None:
    lamp = await stores.product(5)
    await stores.reserving().reserve("o1", [(lamp, 1)], HOUR)
    others = replace(stores, shelf=stores.old_marks).reserving()
    await others.reserve("o2", [(lamp, 3)], HOUR)
    for order_id in ("o3", "o4"):
        with pytest.raises(InsufficientStock) as refused:
            await stores.reserving().reserve(order_id, [(lamp, 2)], HOUR)
        short = {"productId": lamp, "requested": 2, "available": 1}
        assert refused.value.members["shortages"] == [short]
        before = await stores.products.get(lamp)
    assert await stores.products.get(lamp) == before  # the second is refused by a look alone
    assert (await stores.reserving().reserve("o5", [(lamp, 1)], HOUR)).created
    assert await stores.stock(lamp) == Stock(5, 5)


async def test_what_was_sold_out_here_is_refused_by_a_look_alone(stores: Stores) -> None:
    lamp = await stores.product(3)
    await stores.reserving().reserve("o1", [(lamp, 2)], HOUR)
    before = await stores.products.get(lamp), await stores.marks(lamp)
    with pytest.raises(InsufficientStock):
        await stores.reserving().reserve("o2", [(lamp, 2)], HOUR)
    assert (await stores.products.get(lamp), await stores.marks(lamp)) == before


async def test_what_was_seen_sold_out_is_looked_at_again(stores: Stores) -> None:
    lamp = await stores.product(1)
    await stores.reserving().reserve("o1", [(lamp, 1)], HOUR)
    await replace(stores, shelf=stores.old_marks).adjusting().adjust(lamp, 1, "delivery")
    assert (await stores.reserving().reserve("o2", [(lamp, 1)], HOUR)).created


async def test_a_product_that_is_gone_since_it_was_seen_is_not_known(stores: Stores) -> None:
    lamp = await stores.product(5)
    await stores.reserving().reserve("o1", [(lamp, 1)], HOUR)
    await stores.reserving().release("o1")
    await stores.sweeper().sweep_once()
    await stores.catalogue.delete(lamp, None)
    with pytest.raises(UnknownProduct):
        await stores.reserving().reserve("o2", [(lamp, 1)], HOUR)

"""How movements survive crashes, zombies and late commands, on any store: all but takes."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.fakes.product.stores import HOUR, PASSED, Stores

from shop.common.errors import Unavailable
from shop.product.model import Adjustment, Op, Reservation, State, Stock
from shop.product.service import LeaseLost, Movements, Reservations


async def committing(stores: Stores, pieces: dict[str, int], lease: timedelta) -> Reservation:
    """Return a reservation whose process died right after it wrote into the journal."""
    await stores.reserving().reserve("o1", list(pieces.items()), HOUR)
    begun = await stores.reservations.advance("o1", Op.COMMIT, lease)
    assert begun
    return begun


async def in_time(stores: Stores, reservation: Reservation) -> None:
    """Apply a movement whose lease is over by now as if it had been applied before that."""
    assert reservation.movement
    until = reservation.movement.until + 2 * HOUR
    await stores.shelf.apply(replace(reservation.movement, until=until))


async def test_while_it_is_committed_it_is_not_released(stores: Stores) -> None:
    lamp = await stores.product(5)
    await committing(stores, {lamp: 2}, HOUR)
    with pytest.raises(Unavailable):
        await stores.reserving(pauses_s=[0.0]).release("o1")
    assert await stores.sweeper().sweep_once() == 0


async def test_a_command_that_is_later_than_its_lease_changes_nothing(stores: Stores) -> None:
    lamp = await stores.product(5)
    abandoned = await committing(stores, {lamp: 2}, PASSED)
    assert abandoned.movement
    assert await stores.shelf.apply(abandoned.movement) == 0
    assert await stores.stock(lamp) == Stock(5, 2)


async def test_a_movement_is_applied_once(stores: Stores) -> None:
    lamp = await stores.product(5)
    movement = (await committing(stores, {lamp: 2}, HOUR)).movement
    assert movement
    assert [await stores.shelf.apply(movement) for _ in range(3)] == [1, 1, 1]
    assert await stores.stock(lamp) == Stock(3, 0)


async def test_a_holder_that_was_too_slow_cannot_close_or_drop(stores: Stores) -> None:
    lamp = await stores.product(5)
    zombie = await committing(stores, {lamp: 2}, PASSED)
    assert await stores.reservations.take_over(zombie, HOUR)
    assert await stores.reservations.take_over(zombie, HOUR) is None
    assert await stores.reservations.close(zombie) is None
    assert not await stores.reservations.drop(zombie)
    with pytest.raises(LeaseLost):
        await Movements(stores.shelf, stores.reservations).carry_out(zombie)


async def test_a_lease_that_runs_on_is_respected(stores: Stores) -> None:
    lamp = await stores.product(5)
    working = await committing(stores, {lamp: 2}, HOUR)
    assert await stores.reservations.take_over(working, HOUR) is None
    assert not await Movements(stores.shelf, stores.reservations).finish(working)
    assert await stores.reservations.abandoned(10) == []


@pytest.mark.parametrize(
    ("op", "stock"),
    [
        (Op.COMMIT, Stock(3, 0)),
        (Op.RELEASE, Stock(5, 0)),
        (Op.RETURN, Stock(5, 0)),
    ],
)
@pytest.mark.parametrize("reached", [0, 1, 2])
async def test_what_had_begun_goes_forward(
    stores: Stores, op: Op, stock: Stock, reached: int
) -> None:
    lamp, vase = await stores.product(5), await stores.product(5)
    await stores.reserving().reserve("o1", [(lamp, 2), (vase, 2)], HOUR)
    if op is Op.RETURN:
        await stores.reserving().commit("o1")
    dead = await stores.reservations.advance("o1", op, PASSED)
    assert dead
    assert dead.movement
    pieces = dict(list(dead.movement.pieces.items())[:reached])
    if pieces:
        await in_time(stores, replace(dead, movement=replace(dead.movement, pieces=pieces)))
    assert await stores.sweeper().sweep_once() == 1
    await in_time(stores, dead)
    assert await stores.stock(lamp) == stock
    assert await stores.stock(vase) == stock
    assert (await stores.reserving().get("o1")).movement is None


async def test_an_abandoned_commit_is_finished_before_it_is_released(stores: Stores) -> None:
    lamp = await stores.product(5)
    await stores.reserving().reserve("o1", [(lamp, 2)], HOUR)
    assert await stores.reservations.advance("o1", Op.COMMIT, PASSED)
    assert (await stores.reserving().commit("o1")).state is State.COMMITTED
    assert (await stores.reserving().release("o1")).state is State.RELEASED
    assert await stores.stock(lamp) == Stock(5, 0)


async def test_a_forward_movement_that_outlives_its_lease_is_left_to_others(
    stores: Stores,
) -> None:
    lamp = await stores.product(5)
    await stores.reserving().reserve("o1", [(lamp, 2)], HOUR)
    slow = Reservations(stores.shelf, stores.reservations, lease=PASSED)
    with pytest.raises(LeaseLost):
        await slow.commit("o1")
    assert await stores.stock(lamp) == Stock(5, 2)
    assert await stores.sweeper().sweep_once() == 1
    assert await stores.stock(lamp) == Stock(3, 0)


async def test_an_abandoned_adjustment_either_happened_or_never_will(stores: Stores) -> None:
    lamp = await stores.product(5)
    lost, _ = await stores.adjustments.begin("adj_1", lamp, -3, "lost", PASSED)
    done, _ = await stores.adjustments.begin("adj_2", lamp, 4, "done", PASSED)
    assert done.movement
    assert lost.movement
    await stores.shelf.apply(replace(done.movement, until=done.movement.until + 2 * HOUR))
    assert await stores.sweeper().sweep_once() == 2
    await stores.shelf.apply(replace(lost.movement, until=lost.movement.until + 2 * HOUR))
    assert await stores.stock(lamp) == Stock(9, 0)
    kept: list[Adjustment] = list(await stores.all_adjustments())
    assert [(a.id, a.stock, a.movement) for a in kept] == [(done.id, Stock(9, 0), None)]


async def test_an_adjustment_under_way_does_not_show(stores: Stores) -> None:
    lamp = await stores.product(5)
    await stores.adjustments.begin("adj_1", lamp, 3, "x", HOUR)
    assert (await stores.adjusting().find(lamp, limit=10)).items == []


async def test_an_adjustment_whose_lease_is_too_short_leaves_no_trace(stores: Stores) -> None:
    lamp = await stores.product(5)
    with pytest.raises(Unavailable):
        await stores.adjusting(lease=PASSED, pauses_s=[0.0] * 2).adjust(lamp, 1, "x")
    assert await stores.all_adjustments() == []
    assert await stores.stock(lamp) == Stock(5, 0)


async def test_marks_of_open_movements_stay_however_old_they_are(stores: Stores) -> None:
    lamp = await stores.product(5)
    await stores.reserving().reserve("o1", [(lamp, 1)], HOUR)
    dead = await stores.reservations.advance("o1", Op.COMMIT, HOUR)
    assert dead
    assert dead.movement
    await stores.shelf.apply(dead.movement)  # and died before it was closed
    sweeper = replace(stores, shelf=stores.old_marks).sweeper()
    await stores.shelf.flush()
    await sweeper.sweep_once()
    assert await stores.marks(lamp) == [dead.movement.id]
    assert await stores.reservations.close(dead)
    await sweeper.sweep_once()
    assert await stores.marks(lamp) == []

"""Wherever the order service dies, the order converges: every write and every call in turn.

The relay that takes over is another instance's; only what is in the store and at the peers is left.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from tests.fakes.order.crash import Crash, Fate
from tests.fakes.order.world import CUSTOMER, World, lamps

from shop.common.errors import ShopError
from shop.order.model import Money, Order, Standing, Status
from shop.order.service import OrderService

MakeWorld = Callable[[], Awaitable[World]]
Act = Callable[[OrderService, str], Awaitable[Any]]

MOST_CALLS = 40


async def die(world: World, fate: Fate, act: Callable[[OrderService], Awaitable[Any]]) -> bool:
    """Do something in a process that is doomed; return whether it came to its end before."""
    with suppress(ShopError):
        try:
            await act(world.service_of(fate))
        except* Crash:
            assert fate.met
    world.service = world.service_of()
    return not fate.met


async def prepared(world: World, *operations: str) -> Order:
    order = await world.service.place(lamps())
    for name in operations:
        order = await getattr(world.service, name)(order.id)
    return order


ACTS: dict[str, tuple[tuple[str, ...], str, set[Status]]] = {
    "pay": ((), "pay", {Status.CONFIRMED, Status.PAID}),
    "cancel": ((), "cancel", {Status.CONFIRMED, Status.CANCELLED}),
    "cancel-paid": (("pay",), "cancel", {Status.PAID, Status.CANCELLED}),
    "ship": (("pay",), "ship", {Status.PAID, Status.SHIPPED}),
    "deliver": (("pay", "ship"), "deliver", {Status.SHIPPED, Status.DELIVERED}),
}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
class CrashSuite:
    @pytest.mark.parametrize("slow", ["product", "customer"])
    async def test_placing(self, make_world: MakeWorld, after: bool, slow: str) -> None:
        for n in range(1, MOST_CALLS):
            world = await make_world()
            getattr(world, slow).slow = True
            done = await die(world, Fate(n, after), lambda service: service.place(lamps()))
            await world.converge()
            await world.check()
            found = await world.all()
            assert len(found) == (0 if n == 1 and not after else 1)
            assert all(order.status is Status.CONFIRMED for order in found)
            if done:
                break
        assert 4 < n < MOST_CALLS - 1  # store, reserve, link, store

    async def test_placing_what_is_refused(self, make_world: MakeWorld, after: bool) -> None:
        def off_the_shelf(world: World) -> None:
            world.product.prices.clear()

        def inactive(world: World) -> None:
            world.customer.register(CUSTOMER, Standing.INACTIVE)

        def unknown(world: World) -> None:
            world.customer.delete(CUSTOMER)

        def nothing(_world: World) -> None:
            pass

        dearer = lamps(expected_total=Money(1, "EUR"))
        cases = (
            (off_the_shelf, lamps(), "unknown-product"),
            (inactive, lamps(), "inactive-customer"),
            (unknown, lamps(), "unknown-customer"),
            (nothing, dearer, "price-changed"),
            (nothing, lamps(11), "insufficient-stock"),
        )
        for spoil, draft, reason in cases:
            for n in range(1, MOST_CALLS):
                world = await make_world()
                spoil(world)
                done = await die(world, Fate(n, after), lambda s, d=draft: s.place(d))
                await world.converge()
                await world.check()
                for order in await world.all():
                    assert order.status is Status.REJECTED
                    assert order.reason is not None
                    assert order.reason.code == reason
                if done:
                    break
            assert 5 < n < MOST_CALLS - 1

    @pytest.mark.parametrize("name", ACTS)
    async def test_moving_on(self, make_world: MakeWorld, after: bool, name: str) -> None:
        before, operation, ends = ACTS[name]
        for n in range(1, MOST_CALLS):
            world = await make_world()
            order = await prepared(world, *before)
            done = await die(world, Fate(n, after), lambda s, i=order.id: getattr(s, operation)(i))
            await world.converge()
            await world.check()
            assert (await world.orders.get(order.id)).status in ends
            if done:
                break
        assert 3 < n < MOST_CALLS - 1

    async def test_deleting(self, make_world: MakeWorld, after: bool) -> None:
        for n in range(1, MOST_CALLS):
            world = await make_world()
            order = await prepared(world, "cancel")
            done = await die(world, Fate(n, after), lambda s, i=order.id: s.delete(i))
            await world.converge()
            await world.check()
            left = await world.all()
            assert len(left) == len(world.customer.links[CUSTOMER])
            assert not (done and left)
            if done:
                break
        assert 3 < n < MOST_CALLS - 1

    async def test_a_relay_that_cancels_what_is_unpaid(
        self, make_world: MakeWorld, after: bool
    ) -> None:
        for n in range(1, MOST_CALLS):
            world = await make_world()
            order = await prepared(world)
            world.wait(world.config.unpaid_after_s)
            fate = Fate(n, after)
            try:
                await world.relay_of(fate).run_once()
            except* Crash:
                assert fate.met
            await world.converge()
            await world.check()
            ended = await world.orders.get(order.id)
            assert (ended.status, ended.reason.code) == (Status.CANCELLED, "unpaid")
            if not fate.met:
                break
        assert 3 < n < MOST_CALLS - 1

"""The relay's loop: it takes up what is due, a bounded number at once, and stops in order."""

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.order.store import MemoryOrders
from tests.fakes.order.world import World, lamps
from tests.fakes.order.zombie_suite import Stopped

from shop.common.errors import Unavailable
from shop.order.model import Order, Status
from shop.order.relay import Relay


@asynccontextmanager
async def running(relay: Relay) -> Any:
    async with asyncio.TaskGroup() as group:
        group.create_task(relay.run())
        yield
        relay.stop()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


async def left_pending(world: World, count: int = 1) -> list[Order]:
    world.product.away = True
    left = [await world.service.place(lamps(1)) for _ in range(count)]
    world.product.away = False
    world.wait(1)
    return left


def status(world: World, order: Order) -> Status:
    return world.orders.orders[order.id].status


async def test_it_takes_up_what_is_due(world: World) -> None:
    (order,) = await left_pending(world)
    async with running(world.relay):
        await until(lambda: status(world, order) is Status.CONFIRMED)
    await world.check()


async def test_it_looks_at_once_when_it_is_woken(orders: MemoryOrders) -> None:
    world = World(orders)
    world.config = replace(world.config, poll_s=3600.0)
    relay = world.relay_of()
    async with running(relay):
        (order,) = await left_pending(world)
        relay.wake()
        await until(lambda: status(world, order) is Status.CONFIRMED)


async def test_it_finishes_what_it_holds_before_it_stops(world: World) -> None:
    (order,) = await left_pending(world)
    stopped = Stopped(world.product, "reserve")
    relay = world.relay_of(product=stopped)
    run = asyncio.create_task(relay.run())
    await stopped.reached.wait()
    relay.stop()
    stopped.go_on.set()
    await run
    assert status(world, order) is Status.CONFIRMED


async def test_it_gives_back_what_fails_while_it_stops(world: World) -> None:
    (order,) = await left_pending(world)
    stopped = Stopped(world.product, "reserve")
    relay = world.relay_of(product=stopped)
    run = asyncio.create_task(relay.run())
    await stopped.reached.wait()
    relay.stop()
    world.product.away = True
    stopped.go_on.set()
    await run
    work = world.orders.orders[order.id].work
    assert work is not None
    assert (work.due_at - world.now).total_seconds() < world.config.lease_s


async def test_it_works_on_so_many_at_once_and_no_more(orders: MemoryOrders) -> None:
    world = World(orders)
    world.config = replace(world.config, concurrency=2)
    left = await left_pending(world, 5)
    stopped = Stopped(world.product, "reserve")
    most = 0

    async with running(world.relay_of(product=stopped)):
        await until(lambda: len(held(world)) == 2)
        for _ in range(50):
            await asyncio.sleep(0)
            most = max(most, len(held(world)))
        stopped.go_on.set()
        await until(lambda: all(status(world, o) is Status.CONFIRMED for o in left))
    assert most == 2


def held(world: World) -> list[Order]:
    """Return the orders that are leased."""
    pending = (o for o in world.orders.orders.values() if o.status is Status.PENDING)
    return [o for o in pending if o.work and o.work.due_at > world.now]


async def test_two_relays_share_the_work_and_do_each_piece_once(world: World) -> None:
    left = await left_pending(world, 8)
    world.product.calls.clear()
    async with running(world.relay_of()), running(world.relay_of()):
        await until(lambda: all(status(world, o) is Status.CONFIRMED for o in left))
    assert world.product.calls == ["reserve"] * 8
    await world.check()


@pytest.mark.parametrize("error", [Unavailable("The database is away."), ValueError("broken")])
async def test_it_goes_on_after_a_claim_that_failed(orders: MemoryOrders, error: Exception) -> None:
    class Faltering:
        failed = False

        async def claim(self, *args: Any) -> Order | None:
            if not self.failed:
                self.failed = True
                raise error
            return await orders.claim(*args)

        async def next_due(self) -> Any:
            raise Unavailable("The database is away.")

    world = World(orders)
    world.config = replace(world.config, poll_s=0.001)
    (order,) = await left_pending(world)
    faltering = Faltering()
    relay = Relay(faltering, world.saga_of(), world.config, clock=world.clock)
    async with running(relay):
        await until(lambda: status(world, order) is Status.CONFIRMED)
    assert faltering.failed


async def test_it_goes_on_after_an_order_that_it_could_not_handle(world: World) -> None:
    left = await left_pending(world, 2)

    class Broken:
        async def advance(self, before: Order, after: Order) -> Order | None:
            if before.id == left[0].id:
                raise ValueError("broken")
            return await world.orders.advance(before, after)

    async with running(world.relay_of(orders=Broken())):
        await until(lambda: status(world, left[1]) is Status.CONFIRMED)
    assert status(world, left[0]) is Status.PENDING

"""A relay that was stopped for longer than its lease changes nothing when it goes on.

It is stopped where it hurts: after it has claimed an order and before it asks a peer; another
relay takes the order over and finishes; then the first one wakes up and sends what it had in hand.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.fakes.order.world import CUSTOMER, World, lamps

from shop.order.model import Order, Standing, Status

MakeWorld = Callable[[], Awaitable[World]]


class Stopped:
    """Lets the first call of one name wait until it is told to go on."""

    def __init__(self, target: Any, name: str) -> None:
        self._target = target
        self._name = name
        self.reached = asyncio.Event()
        self.go_on = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._target, name)
        return self._held(method) if name == self._name else method

    def _held(self, method: Any) -> Any:
        async def call(*args: Any, **kwargs: Any) -> Any:
            self.reached.set()
            await self.go_on.wait()
            return await method(*args, **kwargs)

        return call


class ZombieSuite:
    async def wake_up_late(
        self, world: World, part: str, name: str, meanwhile: Callable[[], Awaitable[Any]]
    ) -> None:
        stopped = Stopped(getattr(world, part), name)
        zombie = asyncio.create_task(world.relay_of(**{part: stopped}).run_once())
        await stopped.reached.wait()
        await meanwhile()
        await world.converge()
        before = await world.all()
        stopped.go_on.set()
        await zombie
        assert await world.all() == before
        await world.check()

    async def _nothing(self) -> None:
        pass

    async def left_pending(self, world: World) -> Order:
        world.product.away = world.customer.away = True
        order = await world.service.place(lamps())
        world.product.away = world.customer.away = False
        world.wait(world.config.retry_most_s)
        return order

    async def left_behind(self, world: World, operation: str) -> Order:
        order = await world.service.place(lamps())
        world.product.away = world.customer.away = True
        await getattr(world.service, operation)(order.id)
        world.product.away = world.customer.away = False
        world.wait(world.config.retry_most_s)
        return order

    @pytest.mark.parametrize(("part", "name"), [("product", "reserve"), ("customer", "link")])
    async def test_placing_after_it_was_confirmed(
        self, make_world: MakeWorld, part: str, name: str
    ) -> None:
        world = await make_world()
        order = await self.left_pending(world)
        await self.wake_up_late(world, part, name, self._nothing)
        assert (await world.orders.get(order.id)).status is Status.CONFIRMED

    @pytest.mark.parametrize(("part", "name"), [("product", "reserve"), ("customer", "link")])
    async def test_placing_after_it_was_rejected(
        self, make_world: MakeWorld, part: str, name: str
    ) -> None:
        world = await make_world()
        world.customer.register(CUSTOMER, Standing.INACTIVE)
        order = await self.left_pending(world)

        async def meanwhile() -> None:
            world.wait(world.config.lease_s + 1)
            await world.relay.run_once()
            world.customer.register(CUSTOMER)  # what the zombie learns is not what was decided by

        await self.wake_up_late(world, part, name, meanwhile)
        assert (await world.orders.get(order.id)).status is Status.REJECTED

    @pytest.mark.parametrize(("part", "name"), [("product", "reserve"), ("customer", "link")])
    async def test_placing_after_it_was_deleted(
        self, make_world: MakeWorld, part: str, name: str
    ) -> None:
        world = await make_world()
        order = await self.left_pending(world)

        async def meanwhile() -> None:
            world.wait(world.config.lease_s + 1)
            await world.relay.run_once()
            await world.service.cancel(order.id)
            await world.service.delete(order.id)

        await self.wake_up_late(world, part, name, meanwhile)
        assert await world.all() == []

    @pytest.mark.parametrize(
        ("part", "name"),
        [("product", "reserve"), ("customer", "link"), ("orders", "settle")],
    )
    async def test_a_request_that_places_after_a_relay_has_placed(
        self, make_world: MakeWorld, part: str, name: str
    ) -> None:
        world = await make_world()
        stopped = Stopped(getattr(world, part), name)
        placing = asyncio.create_task(world.service_of(**{part: stopped}).place(lamps()))
        await stopped.reached.wait()
        await world.converge()
        (before,) = await world.all()
        assert before.status is Status.CONFIRMED
        stopped.go_on.set()
        answered = await placing
        assert answered.id == before.id
        assert answered.status in (Status.PENDING, Status.CONFIRMED)
        assert await world.all() == [before]
        await world.check()

    @pytest.mark.parametrize(("part", "name"), [("product", "reserve"), ("customer", "link")])
    async def test_a_request_that_places_after_it_was_deleted(
        self, make_world: MakeWorld, part: str, name: str
    ) -> None:
        world = await make_world()
        stopped = Stopped(getattr(world, part), name)
        placing = asyncio.create_task(world.service_of(**{part: stopped}).place(lamps()))
        await stopped.reached.wait()
        await world.converge()
        (order,) = await world.all()
        await world.service.cancel(order.id)
        await world.service.delete(order.id)
        await world.converge()
        stopped.go_on.set()
        assert (await placing).status is Status.PENDING
        await world.converge()
        assert await world.all() == []
        await world.check()

    async def test_linking_for_the_first_time_after_it_was_deleted(
        self, make_world: MakeWorld
    ) -> None:
        world = await make_world()
        world.product.prices.clear()
        order = await self.left_pending(world)

        async def meanwhile() -> None:
            world.customer.away = True  # so that nobody else has linked it
            world.wait(world.config.lease_s + 1)
            await world.relay.run_once()
            await world.service.delete(order.id)
            world.customer.away = False

        await self.wake_up_late(world, "customer", "link", meanwhile)
        assert await world.all() == []

    @pytest.mark.parametrize(("part", "name"), [("product", "commit"), ("customer", "link")])
    async def test_paying_after_it_was_cancelled(
        self, make_world: MakeWorld, part: str, name: str
    ) -> None:
        world = await make_world()
        order = await self.left_behind(world, "pay")

        async def meanwhile() -> None:
            await world.service.cancel(order.id)

        await self.wake_up_late(world, part, name, meanwhile)
        assert (await world.orders.get(order.id)).status is Status.CANCELLED

    async def test_releasing_after_it_was_deleted(self, make_world: MakeWorld) -> None:
        world = await make_world()
        order = await self.left_behind(world, "cancel")

        async def meanwhile() -> None:
            await world.service.delete(order.id)

        await self.wake_up_late(world, "product", "release", meanwhile)

    async def test_cancelling_an_unpaid_order_after_it_was_seen_as_confirmed(
        self, make_world: MakeWorld
    ) -> None:
        world = await make_world()
        order = await world.service.place(lamps())
        seen = await world.orders.get(order.id)
        await world.service.pay(order.id)
        assert await world.orders.advance(seen, seen) is None
        await world.check()

    async def test_one_that_wakes_up_before_its_call_does_not_make_it(
        self, make_world: MakeWorld
    ) -> None:
        world = await make_world()
        await self.left_pending(world)
        claimed = await world.orders.claim(world.clock(), world.config.lease)
        await world.converge()
        world.product.calls.clear()
        world.customer.calls.clear()
        assert await world.saga_of().run(claimed, world.patience) is None
        assert world.product.calls == world.customer.calls == []

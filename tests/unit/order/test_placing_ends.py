"""Whatever comes of an order, its batch is told once it is not being placed any more."""

import asyncio
from typing import Any

import pytest
from tests.fakes.order.store import MemoryOrders
from tests.fakes.order.world import LAMP, PIECES, World, lamps

from shop.common.errors import Unavailable
from shop.order.accepted import Accepted, Batch
from shop.order.model import Order, Status
from shop.order.service import OrderService


class Listing(MemoryOrders):
    """Also tells which batches there were, and holds up or fails what it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[Batch] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.full = False

    async def accept(self, order: Order) -> Accepted:
        accepted = await super().accept(order)
        self.batches.append(accepted.batch)
        return accepted

    async def settle(self, accepted: Accepted, after: Order) -> Order | None:
        await self.gate.wait()
        if self.full:
            raise Unavailable("away")
        return await super().settle(accepted, after)


@pytest.fixture
def orders() -> Listing:
    return Listing()


async def ended(orders: Listing) -> None:
    """Raise TimeoutError unless all placing has ended."""
    assert orders.batches
    async with asyncio.timeout(5):
        for batch in orders.batches:
            await batch.placed()


async def held_up(world: World, orders: Listing) -> asyncio.Task[Order]:
    """Return the placing of an order that is reserved, and not stored before the gate opens."""
    orders.gate.clear()
    placing = asyncio.create_task(world.service.place(lamps()))
    async with asyncio.timeout(5):
        while world.product.reserved(LAMP) == 0:
            await asyncio.sleep(0)
    return placing


async def test_of_a_batch_not_before_that_of_its_last_order() -> None:
    batch = Batch("int_1", ["ord_1", "ord_2"])
    waiting = asyncio.create_task(batch.placed())
    for order_id in ("ord_1", "ord_1", "ord_2"):
        await asyncio.sleep(0)
        assert not waiting.done()
        batch.leave(order_id)
    await asyncio.wait_for(waiting, 5)


async def test_of_one_that_is_confirmed(world: World, orders: Listing) -> None:
    assert (await world.service.place(lamps())).status is Status.CONFIRMED
    await ended(orders)


async def test_not_before_it_is_stored(world: World, orders: Listing) -> None:
    placing = await held_up(world, orders)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await orders.batches[0].placed()
    orders.gate.set()
    await placing
    await ended(orders)


async def test_of_one_that_is_rejected_while_what_follows_goes_on(
    world: World, orders: Listing
) -> None:
    released = asyncio.Event()

    class Holding:
        reserve = world.product.reserve

        async def release(self, *_: Any) -> None:
            released.set()
            await asyncio.Event().wait()

    placing = asyncio.create_task(_service(world, Holding()).place(lamps(PIECES + 1)))
    async with asyncio.timeout(5):
        await released.wait()
    await ended(orders)
    placing.cancel()
    await asyncio.gather(placing, return_exceptions=True)


async def test_of_one_that_is_left_to_a_relay(world: World, orders: Listing) -> None:
    world.product.away = True
    assert (await world.service.place(lamps())).status is Status.PENDING
    await ended(orders)


async def test_where_the_store_goes_away(world: World, orders: Listing) -> None:
    orders.full = True
    assert (await world.service.place(lamps())).status is Status.PENDING
    await ended(orders)


async def test_where_the_request_is_cancelled(world: World, orders: Listing) -> None:
    placing = await held_up(world, orders)
    placing.cancel()
    await asyncio.gather(placing, return_exceptions=True)
    await ended(orders)


async def test_where_the_id_is_taken(world: World, orders: Listing) -> None:
    await world.service.place(lamps(), "ord_1")
    await world.service.place(lamps(), "ord_1")
    assert len(orders.batches) == 2
    await ended(orders)


async def test_where_something_is_wrong_with_us(world: World, orders: Listing) -> None:
    class Broken:
        async def reserve(self, *_: Any) -> Any:
            raise RuntimeError("a bug")

    order = await _service(world, Broken()).place(lamps())
    assert order.status is Status.PENDING
    await ended(orders)


def _service(world: World, product: Any) -> OrderService:
    return world.service_of(product=product)

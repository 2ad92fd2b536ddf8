"""The orders of deleted customers lose what names a person, whatever dies on the way."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from tests.fakes.order.store import MemoryOrders
from tests.fakes.order.world import CUSTOMER, World, lamps

from shop.common.errors import Unavailable
from shop.order.erasure import OVERLAP, Erasure
from shop.order.errors import UnknownCustomer
from shop.order.model import Address, CustomerLink, Deleted, Details, Status

WHERE = Details(Address("12 Row", "London", "W1J 7NT", "GB"), "Ring twice.")


@dataclass
class Feed:
    """What customer tells, two at a time."""

    told: list[Deleted] = field(default_factory=list)
    asked: list[datetime | None] = field(default_factory=list)
    away: bool = False

    async def deleted(
        self, since: datetime | None, cursor: str | None, _timeout_s: float
    ) -> tuple[Sequence[Deleted], str | None]:
        if self.away and cursor:
            raise Unavailable("customer did not answer")
        self.asked.append(since)
        latest = sorted(self.told, key=lambda each: each.at, reverse=True)
        found = [each for each in latest if since is None or each.at >= since]
        start = int(cursor or 0)
        return found[start : start + 2], str(start + 2) if len(found) > start + 2 else None


@dataclass
class Notes:
    until: datetime | None = None
    open: dict[str, datetime] = field(default_factory=dict)

    async def read_until(self) -> datetime | None:
        return self.until

    async def add(self, deleted: Sequence[Deleted]) -> None:
        for each in deleted:
            self.open.setdefault(each.customer_id, each.at)

    async def set_read_until(self, at: datetime) -> None:
        self.until = at

    async def oldest(self, now: datetime, limit: int) -> list[str]:
        first = sorted(self.open, key=self.open.__getitem__)[:limit]
        self.open |= dict.fromkeys(first, now)
        return first

    async def done(self, customer_id: str) -> None:
        self.open.pop(customer_id, None)


@pytest.fixture
def world() -> World:
    return World(MemoryOrders())


@pytest.fixture
def feed() -> Feed:
    return Feed()


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def erasure(world: World, feed: Feed, notes: Notes) -> Erasure:
    return Erasure(feed, notes, world.orders, world.clock)


async def delivered(world: World) -> str:
    order = await world.service.place(lamps(1, details=WHERE))
    for lead in (world.service.pay, world.service.ship, world.service.deliver):
        await lead(order.id)
    return order.id


def delete(world: World, feed: Feed) -> None:
    world.customer.delete(CUSTOMER)
    feed.told.append(Deleted(CUSTOMER, world.now))


async def test_a_final_order_keeps_all_but_what_names_a_person(world, feed, erasure, notes):
    order_id = await delivered(world)
    before = await world.orders.get(order_id)
    delete(world, feed)
    await erasure.learn()
    await erasure.erase()
    after = await world.orders.get(order_id)
    assert (before.details, after.details) == (WHERE, Details())
    assert (after.lines, after.total, after.status) == (before.lines, before.total, before.status)
    assert after.version == before.version + 1
    assert notes.open == {}


async def test_an_open_order_keeps_its_address_until_it_is_final(world, feed, erasure, notes):
    order = await world.service.place(lamps(1, details=WHERE))
    delete(world, feed)
    await erasure.learn()
    await erasure.erase()
    assert (await world.orders.get(order.id)).details == WHERE
    await world.service.cancel(order.id)
    await erasure.erase()
    assert (await world.orders.get(order.id)).details == Details()
    assert notes.open == {}


async def test_who_is_told_of_twice_is_looked_at_twice_and_nothing_changes(world, feed, erasure):
    order_id = await delivered(world)
    delete(world, feed)
    for _ in range(2):
        await erasure.learn()
        await erasure.erase()
    timeline = (await world.orders.events(order_id, None, 100)).items
    assert [event.type for event in timeline].count("erased") == 1


async def test_a_feed_that_breaks_off_is_read_again_from_where_it_was(world, feed, erasure, notes):
    feed.told = [Deleted(f"cus_{n}", world.now + timedelta(hours=n)) for n in range(5)]
    feed.away = True
    with pytest.raises(Unavailable):
        await erasure.learn()
    assert notes.until is None
    feed.away = False
    await erasure.learn()
    assert notes.open.keys() == {f"cus_{n}" for n in range(5)}
    assert notes.until == world.now + timedelta(hours=4)
    await erasure.learn()
    assert feed.asked[-1] == notes.until - OVERLAP


async def test_an_order_that_somebody_else_writes_is_erased_at_the_next_look(world, feed, notes):
    class Overtaken(MemoryOrders):
        async def advance(self, before, after, *, exactly=False):
            if after.erased and self.orders[before.id].fence == before.fence and first:
                first.clear()
                return None
            return await super().advance(before, after, exactly=exactly)

    first = [True]
    orders = Overtaken(world.orders.orders, world.orders.timelines)
    erasure = Erasure(feed, notes, orders, world.clock)
    order_id = await delivered(world)
    delete(world, feed)
    await erasure.learn()
    await erasure.erase()
    assert notes.open
    await erasure.erase()
    assert (await world.orders.get(order_id)).details == Details()
    assert not notes.open


async def test_an_order_of_nobody_keeps_no_address(world):
    world.customer.delete(CUSTOMER)
    with pytest.raises(UnknownCustomer):
        await world.service.place(lamps(1, details=WHERE))
    (order,) = await world.all()
    assert (order.status, order.details) == (Status.REJECTED, Details())


async def test_an_order_that_ends_after_its_customer_keeps_no_address(world):
    order = await world.service.place(lamps(1, details=WHERE))
    world.customer.delete(CUSTOMER)
    await world.service.cancel(order.id)
    await world.converge()
    order = await world.orders.get(order.id)
    assert (order.customer_link, order.details) == (CustomerLink.REMOVED, Details())

"""What remains to be done for orders, counted in a real MongoDB."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from tests.fakes.order.store_suite import LEASE, NOW, confirmed, pending

from shop.order import progress
from shop.order.backlog import MongoBacklog
from shop.order.model import Step, Work
from shop.order.repository import MongoOrders


async def test_the_backlog_tells_how_many_wait_for_a_step_and_since_when(
    orders: MongoOrders, backlog: MongoBacklog
) -> None:
    for n in range(3):
        order = pending(f"ord_{n}")
        since = NOW - timedelta(minutes=n)
        await orders.add(replace(order, work=replace(order.work, since=since)))
    unpaid = confirmed(pending("ord_9"))
    later = replace(unpaid.work, steps=(Step.CANCEL_UNPAID,), since=unpaid.pay_by)
    await orders.add(replace(unpaid, work=later))
    found = {entry.step: (entry.count, entry.oldest) for entry in await backlog.backlog(NOW)}
    assert found.pop(Step.PLACE) == (3, NOW - timedelta(minutes=2))
    assert set(found.values()) == {(0, None)}


async def test_an_unpaid_order_waits_to_be_cancelled_only_from_the_time_it_is_due(
    orders: MongoOrders, backlog: MongoBacklog
) -> None:
    """Until then it waits for what else remains, such as its link."""
    unpaid = confirmed(pending())
    assert unpaid.pay_by is not None
    await orders.add(replace(unpaid, work=Work((Step.LINK, Step.CANCEL_UNPAID), NOW, NOW)))
    for now, waiting in ((NOW, {Step.LINK}), (unpaid.pay_by, {Step.LINK, Step.CANCEL_UNPAID})):
        assert {entry.step for entry in await backlog.backlog(now) if entry.count} == waiting


async def test_those_that_have_waited_longest_are_shown_first(
    orders: MongoOrders, backlog: MongoBacklog
) -> None:
    for n in range(4):
        order = pending(f"ord_{n}")
        since = NOW - timedelta(minutes=n) if n < 3 else NOW + timedelta(minutes=1)
        await orders.add(replace(order, work=replace(order.work, since=since)))
    assert [order.id for order in await backlog.waiting(NOW, 2)] == ["ord_2", "ord_1"]
    assert len(await backlog.waiting(NOW, 9)) == 3


async def test_what_is_overdue_is_seen_among_what_waits(
    orders: MongoOrders, backlog: MongoBacklog
) -> None:
    new = [progress.hold(pending(f"ord_{n}"), NOW, LEASE) for n in range(2)]
    await asyncio.gather(*map(orders.accept, new))
    await orders.add(pending("ord_9"))
    (placing, *_) = await backlog.backlog(NOW)
    assert (placing.step, placing.count) == (Step.PLACE, 1), "those are under way"
    (placing, *_) = await backlog.backlog(NOW + LEASE)
    assert (placing.count, placing.oldest) == (3, NOW)
    waiting = await backlog.waiting(NOW + LEASE, 9)
    assert sorted(order.id for order in waiting) == ["ord_0", "ord_1", "ord_9"]

"""How a run goes through all orders: a bounded number at a time, and nothing said in haste."""

import asyncio
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from tests.fakes.clock import HandClock
from tests.unit.order.reconcile.test_rules import link, order, reservation

from shop.common.peer import PeerResponse, PeerUnavailable
from shop.order.reconcile.listing import Known, Shop, UnexpectedAnswer
from shop.order.reconcile.rules import Repair, Seen
from shop.order.reconcile.run import Reconciler, Tally

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
AT_ONCE = 16
PAID = order("paid")
RIGHT = Seen("ord_1", PAID, reservation("committed"), link("paid"))
UNLINKED = Seen("ord_1", PAID, reservation("committed"), None)
UNSOLD = Seen("ord_1", PAID, reservation("held"), link("paid"))
LOST = Seen("ord_1", PAID, None, link("paid"))


class Orders:
    """A shop of many orders, each of which is shown as ``looks`` says, look after look."""

    def __init__(self, *looks: Seen, count: int = 1, strays: int = 0) -> None:
        self.looks = {n: list(looks) for n in range(count + strays)}
        self.count, self.strays = count, strays
        self.asked = self.done = self.most = 0
        self.repaired: list[Repair] = []
        self.heals = True

    async def orders(self) -> AsyncIterator[Known]:
        for n in range(self.count):
            self.asked += 1
            self.most = max(self.most, self.asked - self.done)
            yield Known(str(n), "cus_1")

    async def elsewhere(self) -> AsyncIterator[Known]:
        for n in range(self.count + self.strays):
            yield Known(str(n), None)

    async def has_order(self, order_id: str) -> bool:
        await asyncio.sleep(0)
        return int(order_id) < self.count

    async def look(self, known: Known) -> Seen:
        await asyncio.sleep(0)
        looks = self.looks[int(known.order_id)]
        seen = looks.pop(0) if len(looks) > 1 else looks[0]
        self.done += 1
        return seen

    async def repair(self, repair: Repair) -> PeerResponse:
        self.repaired.append(repair)
        if self.heals:
            self.looks = {n: [RIGHT] for n in self.looks}
        return PeerResponse(200, {}, b"{}")


class Run:
    """A run, what it printed, and how often it waited."""

    def __init__(self, shop: Any, *, fix: bool = False, tick: timedelta = timedelta()) -> None:
        self.out, self.progress, self.pauses = io.StringIO(), io.StringIO(), 0
        clock = HandClock(NOON + timedelta(hours=1))

        async def sleep(_s: float) -> None:
            self.pauses += 1
            clock.advance(tick)

        self._work = Reconciler(
            shop, fix=fix, out=self.out, progress=self.progress, clock=clock, sleep=sleep
        )

    async def __call__(self) -> Tally:
        return await self._work.run()


async def test_a_healthy_shop_prints_nothing() -> None:
    run = Run(Orders(RIGHT, count=3))
    assert await run() == Tally(compared=3)
    assert (run.out.getvalue(), run.pauses) == ("", 0)


async def test_what_lasts_is_printed_with_its_age_and_what_can_be_done() -> None:
    run = Run(Orders(UNLINKED))
    tally = await run()
    assert (tally.found, tally.left) == (1, 1)
    assert run.out.getvalue() == (
        "ord_1  paid, but not linked at customer  (for 1:00:00 at most)  can be repaired by --fix\n"
    )


async def test_what_passes_is_no_disagreement() -> None:
    run = Run(Orders(UNLINKED, UNLINKED, RIGHT))
    assert (await run()).found == 0
    assert run.pauses == 2


async def test_one_thing_after_another_that_each_pass_are_no_disagreement() -> None:
    run = Run(Orders(UNLINKED, UNSOLD, UNLINKED, UNSOLD))
    assert (await run()).found == 0


async def test_what_can_be_repaired_is() -> None:
    shop = Orders(UNSOLD)
    run = Run(shop, fix=True)
    tally = await run()
    assert (tally.found, tally.repaired, tally.left) == (1, 1, 0)
    assert run.out.getvalue().endswith("  repaired\n")
    assert [repair.path for repair in shop.repaired] == [
        "/reservations/ord_1/commit",
    ]


async def test_what_a_person_has_to_decide_is_left() -> None:
    shop = Orders(LOST)
    run = Run(shop, fix=True)
    assert (await run()).left == 1
    assert run.out.getvalue().endswith("  decide by hand\n")
    assert shop.repaired == []


async def test_a_repair_that_changes_nothing_is_not_counted() -> None:
    shop = Orders(UNSOLD)
    shop.heals = False
    run = Run(shop, fix=True)
    assert (await run()).left == 1
    assert run.out.getvalue().endswith("  NOT repaired: product answered 200\n")


async def test_orders_that_only_others_know_are_compared_once() -> None:
    stray = Seen("ord_1", None, reservation("held"), None)
    run = Run(Orders(stray, count=0, strays=2))
    assert await run() == Tally(compared=2, found=2)


async def test_no_more_than_so_many_are_held_at_once() -> None:
    shop = Orders(RIGHT, count=500)
    assert (await Run(shop)()).compared == 500
    assert AT_ONCE <= shop.most <= AT_ONCE + 1


async def test_a_long_run_tells_how_far_it_is() -> None:
    run = Run(Orders(UNLINKED, RIGHT, count=40), tick=timedelta(seconds=1))
    await run()
    lines = run.progress.getvalue().splitlines()
    assert len(lines) > 1
    assert all(line.startswith("... ") and "looked at, 0 disagreements" in line for line in lines)


class Pages:
    """Clients of three services, each with one long list; counts what was asked."""

    def __init__(self, pages: int) -> None:
        self.pages, self.asked = pages, 0

    def __call__(self, _service: str) -> Any:
        return self

    async def call(self, _method: str, path: str, **_: Any) -> PeerResponse:
        self.asked += 1
        number = int(path.partition("cursor=")[2] or 0)
        items = [{"id": f"{number}-{n}", "customerId": "cus_1"} for n in range(100)]
        following = str(number + 1) if number + 1 < self.pages else None
        return PeerResponse(200, {}, orjson.dumps({"items": items, "nextCursor": following}))


async def test_a_page_is_asked_for_when_the_one_before_is_used_up() -> None:
    pages = Pages(5)
    shop, taken = Shop(pages), 0
    async for _ in shop.orders():
        taken += 1
        assert pages.asked == (taken - 1) // 100 + 1
    assert (taken, pages.asked) == (500, 5)


class Away:
    def __init__(self, answer: PeerResponse | None = None) -> None:
        self.answer = answer

    def __call__(self, _service: str) -> Any:
        return self

    async def call(self, *_args: Any, **_: Any) -> PeerResponse:
        if self.answer is None:
            raise PeerUnavailable("order", "nobody is there")
        return self.answer


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (None, PeerUnavailable),
        (PeerResponse(422, {}, b"{}"), UnexpectedAnswer),
        (PeerResponse(200, {}, b"<html>"), UnexpectedAnswer),
    ],
)
async def test_a_service_that_cannot_be_asked_ends_the_run(
    answer: PeerResponse | None, error: type[Exception]
) -> None:
    with pytest.raises(ExceptionGroup) as raised:
        await Run(Shop(Away(answer)))()
    assert raised.group_contains(error)

"""How every store of orders behaves: the fake one passes this as the real one does."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shop.common.page import InvalidCursor, Page
from shop.order import life, progress
from shop.order.errors import UnknownOrder
from shop.order.model import (
    Address,
    Details,
    Draft,
    Item,
    Line,
    Money,
    Offer,
    Operation,
    Order,
    Reason,
    Standing,
    Status,
    Step,
)

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
LEASE = timedelta(seconds=30)
HOME = Address("12 Analytical Row", "London", "W1J 7NT", "GB", line2="Flat 3")


def pending(order_id: str = "ord_1", customer_id: str = "cus_1", **changes: Any) -> Order:
    draft = Draft(
        customer_id,
        (Line("prd_1", 2), Line("prd_2", 1)),
        expected_total=Money(5000, "EUR"),
        details=Details(HOME, "Ring twice."),
    )
    return replace(life.place(draft, order_id, NOW), **changes)


def confirmed(order: Order) -> Order:
    items = {
        "prd_1": Item("LAMP", "Lamp", Money(2000, "EUR")),
        "prd_2": Item("BULB", "Bulb", Money(1000, "EUR")),
    }
    offer = Offer(items, NOW + timedelta(days=1))
    decided = life.decide(order, Standing.ACTIVE, offer, NOW, timedelta(minutes=30))
    assert decided is not None
    return decided


class OrdersSuite:
    async def test_what_was_added_is_read_back_whole(self, orders: Any) -> None:
        added = await orders.add(pending())
        assert added == replace(pending(), news=())
        assert await orders.get("ord_1") == added

    async def test_an_id_is_taken_once(self, orders: Any) -> None:
        added = await orders.add(pending())
        assert await orders.add(pending(customer_id="cus_other")) is None
        assert await orders.get("ord_1") == added

    async def test_what_was_advanced_is_read_back_whole(self, orders: Any) -> None:
        before = await orders.add(pending())
        after = await orders.advance(before, confirmed(before))
        assert after == replace(confirmed(before), version=2, fence=2, news=())
        assert await orders.get("ord_1") == after

    async def test_a_reason_is_read_back_with_all_it_says(self, orders: Any) -> None:
        before = await orders.add(pending())
        reason = Reason("insufficient-stock", "Too few.", {"shortages": [{"productId": "prd_1"}]})
        await orders.advance(before, life.reject(before, NOW, reason))
        assert (await orders.get("ord_1")).reason == reason

    async def test_an_unknown_order_is_not_found(self, orders: Any) -> None:
        for ask in (orders.get, orders.view):
            with pytest.raises(UnknownOrder):
                await ask("ord_none")
        with pytest.raises(UnknownOrder):
            await orders.events("ord_none", None, 10)

    async def test_nothing_is_advanced_past_an_old_fence(self, orders: Any) -> None:
        before = await orders.add(pending())
        first = await orders.advance(before, confirmed(before))
        late = life.reject(before, NOW, Reason("late", "late"))
        assert await orders.advance(before, late) is None
        assert await orders.get("ord_1") == first

    async def test_a_claim_puts_a_fence_before_whoever_held_it(self, orders: Any) -> None:
        before = await orders.add(pending())
        claimed = await orders.claim(NOW, LEASE)
        assert claimed is not None
        assert await orders.advance(before, confirmed(before)) is None
        assert await orders.advance(claimed, confirmed(claimed)) is not None

    async def test_a_fence_is_not_used_again_after_all_work_was_done(self, orders: Any) -> None:
        first = await orders.add(pending())
        idle = await orders.advance(first, replace(first, work=None))
        again = await orders.advance(idle, replace(idle, work=first.work))
        assert again.work == first.work
        assert await orders.advance(first, confirmed(first)) is None
        assert await orders.advance(idle, confirmed(idle)) is None

    async def test_an_accepted_order_is_stored_once_as_it_has_become(self, orders: Any) -> None:
        accepted = await orders.accept(pending())
        assert await orders.find(None, None, None, 10) == Page([], None)
        stored = await orders.settle(accepted, confirmed(accepted.order))
        assert (stored.status, stored.version) == (Status.CONFIRMED, 2)
        assert await orders.get("ord_1") == stored
        told = await orders.events("ord_1", None, 10)
        assert [event.type for event in told.items] == ["linked", "confirmed", "placed"]
        assert await orders.settle(accepted, accepted.order) is None
        assert await orders.recover(NOW + LEASE) == 0

    async def test_who_asks_for_an_accepted_order_by_its_id_finds_it_pending(
        self, orders: Any
    ) -> None:
        for order_id, ask in (("ord_1", orders.get), ("ord_2", orders.view)):
            accepted = await orders.accept(pending(order_id))
            await ask(order_id)
            assert (await orders.get(order_id)).status is Status.PENDING
            assert await orders.settle(accepted, confirmed(accepted.order)) is None
        await orders.accept(pending("ord_3"))
        assert [e.type for e in (await orders.events("ord_3", None, 9)).items] == ["placed"]
        with pytest.raises(UnknownOrder):
            await orders.get("ord_4")

    async def test_what_was_accepted_and_not_stored_is_recovered_once_it_is_due(
        self, orders: Any
    ) -> None:
        held = progress.hold(pending(), NOW, LEASE)
        accepted = await orders.accept(held)
        assert await orders.recover(NOW) == 0
        assert await orders.recover(NOW + LEASE) == 1
        assert await orders.recover(NOW + LEASE) == 0
        assert await orders.get("ord_1") == replace(held, news=())
        assert await orders.settle(accepted, confirmed(held)) is None
        claimed = await orders.claim(NOW + LEASE, LEASE)
        assert claimed.work.steps == (Step.PLACE,)

    async def test_what_is_recovered_does_not_come_again_once_it_was_removed(
        self, orders: Any
    ) -> None:
        held = progress.hold(pending(), NOW, LEASE)
        accepted = await orders.accept(held)
        stored = await orders.add(held)
        assert await orders.remove(stored)
        assert await orders.recover(NOW + LEASE) == 0
        assert accepted.order == held

    async def test_the_version_counts_what_shows_and_nothing_else(self, orders: Any) -> None:
        order = await orders.add(pending())
        order = await orders.advance(order, progress.hold(order, NOW, LEASE))
        assert (order.version, order.updated_at) == (1, NOW)
        later = NOW + LEASE
        order = await orders.advance(order, life.reject(order, later, Reason("x", "x")))
        assert (order.version, order.updated_at) == (3, later), "a rejection passes over one"

    async def test_an_edit_and_a_step_at_the_same_time_both_stay(self, orders: Any) -> None:
        before = await orders.add(pending())
        edited = await orders.amend(before, life.edit(before, Details(None, "new"), NOW))
        assert (edited.version, edited.fence) == (2, before.fence)
        done = await orders.advance(before, confirmed(before))
        assert (done.status, done.details.note, done.version) == (Status.CONFIRMED, "new", 3)

    async def test_nothing_is_amended_past_an_old_version(self, orders: Any) -> None:
        before = await orders.add(pending())
        await orders.advance(before, confirmed(before))
        assert await orders.amend(before, life.edit(before, Details(None, "new"), NOW)) is None
        assert (await orders.get("ord_1")).details == before.details

    async def test_exactly_refuses_what_was_edited_meanwhile(self, orders: Any) -> None:
        before = await orders.add(pending())
        await orders.amend(before, life.edit(before, Details(None, "new"), NOW))
        assert await orders.advance(before, confirmed(before), exactly=True) is None
        now = await orders.get("ord_1")
        assert await orders.advance(now, confirmed(now), exactly=True) is not None

    async def test_a_deleted_order_is_out_of_sight_but_not_out_of_work(self, orders: Any) -> None:
        before = await orders.add(pending())
        before = await orders.advance(before, life.reject(before, NOW, Reason("x", "x")))
        gone = await orders.advance(before, life.delete(before, NOW))
        for ask in (orders.get, orders.view):
            with pytest.raises(UnknownOrder):
                await ask("ord_1")
        with pytest.raises(UnknownOrder):
            await orders.events("ord_1", None, 10)
        assert (await orders.find(None, None, None, 10)).items == []
        claimed = await orders.claim(NOW, LEASE)
        assert claimed is not None
        assert claimed.work.steps == (Step.RELEASE, Step.LINK, Step.UNLINK, Step.PURGE)
        assert not await orders.remove(gone)
        assert await orders.remove(claimed)
        assert await orders.claim(NOW + LEASE, LEASE) is None

    async def test_only_due_work_is_claimed_the_oldest_first_each_once(self, orders: Any) -> None:
        for order_id, due_s in (("ord_1", 5), ("ord_2", 0), ("ord_3", 11)):
            order = pending(order_id)
            work = replace(order.work, due_at=NOW + timedelta(seconds=due_s))
            await orders.add(replace(order, work=work))
        at = NOW + timedelta(seconds=10)
        claims = [await orders.claim(at, LEASE) for _ in range(3)]
        assert [claim and claim.id for claim in claims] == ["ord_2", "ord_1", None]
        assert claims[0].work.due_at == at + LEASE
        assert await orders.next_due() == NOW + timedelta(seconds=11)

    async def test_without_work_nothing_is_due(self, orders: Any) -> None:
        await orders.add(replace(pending(), work=None))
        assert await orders.claim(NOW, LEASE) is None
        assert await orders.next_due() is None

    async def test_a_list_is_newest_first_in_pages(self, orders: Any) -> None:
        for n in range(5):
            await orders.add(pending(f"ord_{n}"))
        first = await orders.find(None, None, None, 2)
        second = await orders.find(None, None, first.next_cursor, 2)
        third = await orders.find(None, None, second.next_cursor, 2)
        ids = [[order.id for order in page.items] for page in (first, second, third)]
        assert ids == [["ord_4", "ord_3"], ["ord_2", "ord_1"], ["ord_0"]]
        assert third.next_cursor is None

    async def test_a_list_has_only_what_is_asked_for(self, orders: Any) -> None:
        await orders.add(pending("ord_1", "cus_a"))
        await orders.add(pending("ord_2", "cus_b"))
        other = await orders.add(pending("ord_3", "cus_a"))
        await orders.advance(other, confirmed(other))

        async def ids(customer_id: str | None, status: Status | None) -> list[str]:
            page = await orders.find(customer_id, status, None, 10)
            return [order.id for order in page.items]

        assert await ids("cus_a", None) == ["ord_3", "ord_1"]
        assert await ids(None, Status.PENDING) == ["ord_2", "ord_1"]
        assert await ids("cus_a", Status.CONFIRMED) == ["ord_3"]
        assert await ids("cus_b", Status.CONFIRMED) == []

    async def test_a_cursor_of_another_list_is_refused(self, orders: Any) -> None:
        for n in range(2):
            await orders.add(pending(f"ord_{n}"))
        page = await orders.find(None, None, None, 1)
        with pytest.raises(InvalidCursor):
            await orders.find("cus_1", None, page.next_cursor, 1)
        with pytest.raises(InvalidCursor):
            await orders.events("ord_1", page.next_cursor, 1)

    async def test_the_timeline_is_numbered_and_newest_first_in_pages(self, orders: Any) -> None:
        order = await orders.add(pending())
        order = await orders.advance(order, confirmed(order))
        await orders.amend(order, life.edit(order, Details(), NOW))
        order = await orders.get("ord_1")
        await orders.advance(order, life.move(order, Operation.CANCEL, NOW))
        first = await orders.events("ord_1", None, 4)
        rest = await orders.events("ord_1", first.next_cursor, 4)
        assert [(e.seq, e.type) for e in first.items] == [
            (5, "cancelled"),
            (4, "changed"),
            (3, "linked"),
            (2, "confirmed"),
        ]
        (placed,) = rest.items
        assert (placed.seq, placed.type, placed.at) == (1, "placed", NOW)
        assert placed.status is Status.PENDING
        assert rest.next_cursor is None

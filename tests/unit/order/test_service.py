"""The use cases, with peers that are there, away, or lose their answers."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.order.peers import Held, Link
from tests.fakes.order.world import CUSTOMER, LAMP, World, lamps
from tests.fakes.order.zombie_suite import Stopped

from shop.common.errors import PreconditionFailed, ShopError, Unavailable
from shop.order.errors import (
    IllegalTransition,
    InactiveCustomer,
    InsufficientStock,
    OrderRejected,
    PriceChanged,
    UnknownCustomer,
    UnknownOrder,
    UnknownProduct,
)
from shop.order.model import (
    CustomerLink,
    Details,
    Draft,
    Line,
    Money,
    Order,
    Standing,
    Status,
    Step,
)


async def timeline(world: World, order: Order) -> list[str]:
    page = await world.service.events(order.id)
    return [event.type for event in reversed(page.items)]


class TestPlacing:
    async def test_confirms_reserves_and_links(self, world: World) -> None:
        order = await world.service.place(lamps())
        assert (order.status, order.customer_link) == (Status.CONFIRMED, CustomerLink.LINKED)
        assert order.total == Money(3998, "EUR")
        assert world.product.reserved(LAMP) == 2
        link = world.customer.links[CUSTOMER][order.id]
        assert (link.status, link.total) == (Status.CONFIRMED, Money(3998, "EUR"))
        assert await timeline(world, order) == ["placed", "confirmed", "linked"]
        await world.check()

    async def test_the_same_id_again_places_nothing_and_tells_what_has_become_of_it(
        self, world: World
    ) -> None:
        first = await world.service.place(lamps(), "ord_1")
        assert await world.service.place(lamps(), "ord_1") == first
        assert len(await world.all()) == 1
        for _ in range(2):
            with pytest.raises(InsufficientStock) as raised:
                await world.service.place(lamps(11), "ord_2")
            assert raised.value.members["orderId"] == "ord_2"
        await world.check()

    async def test_asks_for_the_goods_for_longer_than_it_may_stay_unpaid(
        self, world: World
    ) -> None:
        order = await world.service.place(lamps())
        held = world.product.reservations[order.id]
        margin_s = (held.expires_at - world.now).total_seconds() - world.config.unpaid_after_s
        assert margin_s == world.config.reservation_margin_s

    @pytest.mark.parametrize("how", ["away", "mute"])
    @pytest.mark.parametrize("who", [("product",), ("customer",), ("product", "customer")])
    async def test_without_an_answer_stays_pending_and_is_confirmed_later(
        self, world: World, who: tuple[str, ...], how: str
    ) -> None:
        for name in who:
            setattr(getattr(world, name), how, True)
        order = await world.service.place(lamps())
        assert (order.status, order.customer_link) == (Status.PENDING, CustomerLink.PENDING)
        for name in who:
            setattr(getattr(world, name), how, False)
        await world.converge()
        assert (await world.orders.get(order.id)).status is Status.CONFIRMED
        await world.check()

    async def test_a_no_counts_even_if_the_other_peer_is_away(self, world: World) -> None:
        world.customer.away = True
        with pytest.raises(InsufficientStock) as raised:
            await world.service.place(lamps(11))
        order = await world.orders.get(str(raised.value.members["orderId"]))
        assert order.customer_link is CustomerLink.PENDING
        world.customer.away = False
        await world.converge()
        await world.check()

    @pytest.mark.parametrize(
        ("quantity", "changes", "standing", "error"),
        [
            (11, {}, Standing.ACTIVE, InsufficientStock),
            (2, {"expected_total": Money(3997, "EUR")}, Standing.ACTIVE, PriceChanged),
            (2, {}, Standing.INACTIVE, InactiveCustomer),
        ],
    )
    async def test_a_no_rejects_and_gives_everything_back(
        self,
        world: World,
        quantity: int,
        changes: dict[str, Any],
        standing: Standing,
        error: type[ShopError],
    ) -> None:
        world.customer.register(CUSTOMER, standing)
        with pytest.raises(error) as raised:
            await world.service.place(lamps(quantity, **changes))
        order = await world.orders.get(str(raised.value.members["orderId"]))
        assert (order.status, order.work) == (Status.REJECTED, None)
        assert order.reason is not None
        assert order.reason.code == error.code
        assert world.customer.links[CUSTOMER][order.id].status is Status.REJECTED
        await world.check()

    async def test_a_shortage_is_told_line_by_line(self, world: World) -> None:
        with pytest.raises(InsufficientStock) as raised:
            await world.service.place(lamps(11))
        shortages = [{"productId": LAMP, "requested": 11, "available": 10}]
        assert raised.value.members["shortages"] == shortages

    async def test_a_customer_that_does_not_exist_is_pointed_at(self, world: World) -> None:
        with pytest.raises(UnknownCustomer) as raised:
            await world.service.place(replace(lamps(), customer_id="cus_none"))
        assert [field.pointer for field in raised.value.fields] == ["#/customerId"]
        order = await world.orders.get(str(raised.value.members["orderId"]))
        assert (order.customer_link, order.work) == (CustomerLink.REMOVED, None)
        assert "cus_none" not in world.customer.links

    async def test_the_link_that_an_attempt_left_at_no_customer_goes(self, world: World) -> None:
        world.customer.away = True
        order = await world.service.place(replace(lamps(), customer_id="cus_none"))
        world.customer.links["cus_none"] = {order.id: Link(Status.PENDING, None, 1)}
        world.customer.away = False
        await world.converge()
        assert (await world.orders.get(order.id)).status is Status.REJECTED
        assert world.customer.links["cus_none"] == {}

    async def test_a_product_that_does_not_exist_is_pointed_at_as_the_caller_wrote_it(
        self, world: World
    ) -> None:
        lines = (Line(LAMP, 1), Line(LAMP, 1), Line("prd_none", 1))
        with pytest.raises(UnknownProduct) as raised:
            await world.service.place(Draft(CUSTOMER, lines))
        assert [field.pointer for field in raised.value.fields] == ["#/lines/2/productId"]

    async def test_a_reason_that_is_not_foreseen_is_told_all_the_same(self, world: World) -> None:
        world.product.away = True
        order = await world.service.place(lamps())
        world.product.away = False
        await world.product.release(order.id, 1.0)
        await world.converge()
        late = await world.orders.get(order.id)
        assert (late.status, late.reason.code) == (Status.REJECTED, "reservation-released")
        await world.check()

        class Refusing:
            async def reserve(self, *_args: Any) -> Any:
                return late.reason

            async def release(self, *_args: Any) -> None:
                pass

        with pytest.raises(OrderRejected) as raised:
            await world.service_of(product=Refusing()).place(lamps())
        assert raised.value.members["reason"] == "reservation-released"

    async def test_an_order_pending_for_longer_than_goods_are_held_is_rejected(
        self, world: World
    ) -> None:
        world.customer.away = True
        order = await world.service.place(lamps())
        world.wait(world.config.reservation_ttl_s)
        world.customer.away = False
        await world.converge()
        ended = await world.orders.get(order.id)
        assert (ended.status, ended.reason.code) == (Status.REJECTED, "reservation-expired")

    async def test_a_confirmed_order_stands_so_among_its_customers_by_then(
        self, world: World
    ) -> None:
        order = await world.service.place(lamps())
        assert (order.status, order.customer_link) == (Status.CONFIRMED, CustomerLink.LINKED)
        link = world.customer.links[CUSTOMER][order.id]
        assert (link.status, link.total, link.version) == ("confirmed", order.total, order.version)
        assert world.customer.calls == ["link confirmed"]

    async def test_an_order_waits_for_its_customers_word_and_is_confirmed_then(
        self, world: World
    ) -> None:
        world.customer.deaf_to = {"link confirmed"}
        order = await world.service.place(lamps())
        assert (order.status, order.customer_link) == (Status.PENDING, CustomerLink.PENDING)
        world.customer.deaf_to = set()
        await world.converge()
        await world.check()
        assert (await world.orders.get(order.id)).status is Status.CONFIRMED

    async def test_a_customer_who_was_told_too_early_is_told_of_the_rejection(
        self, world: World
    ) -> None:
        world.customer.mute = True
        order = await world.service.place(lamps())
        assert world.customer.links[CUSTOMER][order.id].status is Status.CONFIRMED
        world.customer.mute = False
        world.customer.customers[CUSTOMER] = Standing.INACTIVE
        await world.converge()
        assert (await world.orders.get(order.id)).status is Status.REJECTED
        assert world.customer.links[CUSTOMER][order.id].status is Status.REJECTED
        await world.check()

    async def test_a_store_that_goes_away_after_the_first_write_leaves_it_pending(
        self, world: World
    ) -> None:
        class GoesAway:
            accept = world.orders.accept

            async def settle(self, *_args: Any) -> Any:
                raise Unavailable("The database cannot be reached.")

        order = await world.service_of(orders=GoesAway()).place(lamps())
        assert order.status is Status.PENDING
        await world.converge()
        await world.check()

    async def test_what_was_not_foreseen_is_not_told_to_the_world(self, world: World) -> None:
        class Broken:
            async def reserve(self, *_args: Any) -> Any:
                raise KeyError("a secret")

        order = await world.service_of(product=Broken()).place(lamps())
        events = (await world.service.events(order.id)).items
        assert events[0].detail == "place: unexpected KeyError"

    async def test_a_request_that_is_cancelled_half_way_is_finished_by_a_relay(
        self, world: World
    ) -> None:
        stopped = Stopped(world.product, "reserve")
        placing = asyncio.create_task(world.service_of(product=stopped).place(lamps()))
        await stopped.reached.wait()
        placing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await placing
        await world.relay.run_once()
        assert await world.all() == []
        world.wait(world.config.lease_s)
        await world.orders.recover(world.clock())
        assert [o.status for o in await world.all()] == [Status.PENDING]
        await world.converge()
        assert [o.status for o in await world.all()] == [Status.CONFIRMED]
        await world.check()

    async def test_a_relay_is_woken_for_what_was_left_and_only_then(self, world: World) -> None:
        woken: list[bool] = []
        service = world.service_of(wake=lambda: woken.append(True))
        await service.place(lamps())
        assert woken == []
        world.product.away = True
        await service.place(lamps())
        assert woken == [True]


class TestMovingOn:
    async def test_from_placing_to_delivery(self, world: World) -> None:
        order = await world.service.place(lamps())
        for operation in ("pay", "ship", "deliver"):
            order = await getattr(world.service, operation)(order.id)
            await world.check()
        assert order.status is Status.DELIVERED
        assert await timeline(world, order) == [
            "placed",
            "confirmed",
            "linked",
            "paid",
            "stock-committed",
            "linked",
            "shipped",
            "linked",
            "delivered",
            "linked",
        ]

    @pytest.mark.parametrize("paid", [False, True])
    async def test_cancelling_gives_the_goods_back(self, world: World, paid: bool) -> None:
        order = await world.service.place(lamps())
        if paid:
            await world.service.pay(order.id)
        cancelled = await world.service.cancel(order.id)
        assert (cancelled.status, cancelled.reason.code) == (Status.CANCELLED, "requested")
        assert (world.product.on_hand[LAMP], world.product.reserved(LAMP)) == (10, 0)
        await world.check()

    async def test_the_same_operation_twice_is_illegal_the_second_time(self, world: World) -> None:
        order = await world.service.place(lamps())
        await world.service.pay(order.id)
        with pytest.raises(IllegalTransition) as raised:
            await world.service.pay(order.id)
        assert raised.value.members["allowedTransitions"] == ["ship", "cancel"]

    async def test_of_two_at_once_one_wins_and_the_other_is_told(self, world: World) -> None:
        order = await world.service.place(lamps())
        results = await asyncio.gather(
            world.service.pay(order.id), world.service.pay(order.id), return_exceptions=True
        )
        assert {type(result) for result in results} == {IllegalTransition, Order}
        assert world.product.calls.count("commit") == 1
        await world.check()

    async def test_what_the_peers_missed_is_done_later(self, world: World) -> None:
        order = await world.service.place(lamps())
        world.product.away = world.customer.away = True
        for operation in ("pay", "ship", "deliver"):
            order = await getattr(world.service, operation)(order.id)
        assert order.work.steps == (Step.COMMIT, Step.LINK)
        assert world.customer.links[CUSTOMER][order.id].status is Status.CONFIRMED
        world.product.away = world.customer.away = False
        await world.converge()
        await world.check()

    async def test_one_peer_that_is_away_does_not_hold_up_the_other(self, world: World) -> None:
        order = await world.service.place(lamps())
        world.product.away = True
        paid = await world.service.pay(order.id)
        assert paid.work.steps == (Step.COMMIT,)
        assert world.customer.links[CUSTOMER][order.id].status is Status.PAID

    async def test_a_cancelled_order_is_never_committed_afterwards(self, world: World) -> None:
        order = await world.service.place(lamps())
        world.product.away = True
        await world.service.pay(order.id)
        await world.service.cancel(order.id)
        world.product.away = False
        await world.converge()
        assert world.product.state(order.id) == "released"
        await world.check()

    @pytest.mark.parametrize("state", ["expired", "released", None])
    async def test_paying_for_goods_that_are_gone_cancels_the_order(
        self, world: World, state: str | None
    ) -> None:
        order = await world.service.place(lamps())
        del world.product.reservations[order.id]
        if state is not None:
            world.product.reservations[order.id] = Held((), state, world.now)
        with pytest.raises(IllegalTransition) as raised:
            await world.service.pay(order.id)
        assert raised.value.members["allowedTransitions"] == []
        ended = await world.orders.get(order.id)
        assert ended.reason.code == f"reservation-{state or 'missing'}"
        await world.check()

    async def test_an_unpaid_order_is_cancelled_when_its_time_is_over(self, world: World) -> None:
        order = await world.service.place(lamps())
        world.wait(world.config.unpaid_after_s - 0.001)
        assert await world.relay.run_once() == 0
        world.wait(0.001)
        with pytest.raises(IllegalTransition):
            await world.service.pay(order.id)
        assert await world.relay.run_once() == 1
        ended = await world.orders.get(order.id)
        assert (ended.status, ended.reason.code) == (Status.CANCELLED, "unpaid")
        await world.check()

    async def test_an_unpaid_order_is_cancelled_even_while_the_peers_are_away(
        self, world: World
    ) -> None:
        order = await world.service.place(lamps())
        world.product.away = world.customer.away = True
        await world.converge()
        world.wait(world.config.unpaid_after_s)
        await world.relay.run_once()
        assert (await world.orders.get(order.id)).status is Status.CANCELLED
        world.product.away = world.customer.away = False
        await world.converge()
        await world.check()

    async def test_a_customer_that_was_deleted_ends_the_linking_with_a_reason(
        self, world: World
    ) -> None:
        order = await world.service.place(lamps())
        world.customer.delete(CUSTOMER)
        paid = await world.service.pay(order.id)
        assert (paid.customer_link, paid.work) == (CustomerLink.REMOVED, None)
        assert "customer-gone" in await timeline(world, order)

    async def test_a_step_that_fails_for_long_shows(self, world: World) -> None:
        order = await world.service.place(lamps())
        world.product.away = True
        began = world.now
        await world.service.pay(order.id)
        await world.converge(rounds=5)
        work = (await world.orders.get(order.id)).work
        assert (work.attempts, work.since) == (6, began)
        assert work.last_error == "commit: the peer did not answer"

    async def test_the_waits_grow_up_to_a_bound(self, world: World) -> None:
        order = await world.service.place(lamps())
        world.product.away = True
        await world.service.pay(order.id)
        waits = []
        for _ in range(10):
            due_at = (await world.orders.get(order.id)).work.due_at
            waits.append((due_at - world.now).total_seconds())
            world.now = due_at
            await world.relay.run_once()
        assert waits == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 30.0]

    async def test_an_unknown_order_cannot_be_moved(self, world: World) -> None:
        for operation in (world.service.pay, world.service.cancel, world.service.delete):
            with pytest.raises(UnknownOrder):
                await operation("ord_none")


class TestChanging:
    async def test_only_the_details_change_and_the_version_counts_it(self, world: World) -> None:
        order = await world.service.place(lamps())
        changed = await world.service.replace(order.id, Details(None, "new"))
        assert (changed.details.note, changed.version) == ("new", order.version + 1)
        assert replace(changed, details=order.details, version=order.version) == order

    async def test_a_stale_version_is_refused(self, world: World) -> None:
        order = await world.service.place(lamps())
        await world.service.replace(order.id, Details(None, "1"), frozenset({order.version}))
        with pytest.raises(PreconditionFailed):
            await world.service.replace(order.id, Details(None, "2"), frozenset({order.version}))
        with pytest.raises(PreconditionFailed):
            await world.service.delete(order.id, frozenset({order.version}))

    async def test_an_edit_that_was_overtaken_starts_over_from_what_is_there(
        self, world: World
    ) -> None:
        order = await world.service.place(lamps())
        seen: list[str | None] = []

        def edit(details: Details) -> Details:
            if not seen:  # somebody else is faster, this once
                stored = world.orders.orders[order.id]
                other = replace(stored, details=Details(None, "theirs"), version=stored.version + 1)
                world.orders.orders[order.id] = other
            seen.append(details.note)
            return Details(None, f"{details.note} and ours")

        changed = await world.service.change(order.id, edit)
        assert (changed.details.note, seen) == ("theirs and ours", [None, "theirs"])

    async def test_an_edit_does_not_cost_whoever_works_on_the_order_its_work(
        self, world: World
    ) -> None:
        order = await world.service.place(lamps())
        stopped = Stopped(world.product, "commit")
        paying = asyncio.create_task(world.service_of(product=stopped).pay(order.id))
        await stopped.reached.wait()
        await world.service.replace(order.id, Details(None, "new"))
        stopped.go_on.set()
        paid = await paying
        assert (paid.details.note, paid.work) == ("new", None)
        await world.check()


class TestDeleting:
    async def test_a_deleted_order_is_gone_everywhere(self, world: World) -> None:
        order = await world.service.place(lamps())
        await world.service.cancel(order.id)
        await world.service.delete(order.id)
        assert (world.orders.orders, world.customer.links[CUSTOMER]) == ({}, {})
        with pytest.raises(UnknownOrder):
            await world.service.delete(order.id)

    async def test_it_is_out_of_sight_at_once_and_unlinked_later(self, world: World) -> None:
        order = await world.service.place(lamps())
        await world.service.cancel(order.id)
        world.customer.away = True
        await world.service.delete(order.id)
        with pytest.raises(UnknownOrder):
            await world.service.view(order.id)
        assert world.customer.links[CUSTOMER] == {
            order.id: Link(Status.CANCELLED, order.total, order.version + 1)
        }
        world.customer.away = False
        await world.converge()
        assert (world.orders.orders, world.customer.links[CUSTOMER]) == ({}, {})

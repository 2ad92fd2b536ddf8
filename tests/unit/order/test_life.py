"""Which transitions there are, and what each leaves to be done."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from tests.fakes.order.store_suite import NOW, confirmed, pending

from shop.order import life
from shop.order.errors import IllegalTransition, NotChangeable, OrderOpen
from shop.order.model import (
    CustomerLink,
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
    Work,
)

NO = Reason("insufficient-stock", "Too little is there.")
UNPAID_AFTER = timedelta(minutes=30)
OFFER = Offer(
    {
        "prd_1": Item("A", "a", Money(2000, "EUR")),
        "prd_2": Item("B", "b", Money(1000, "EUR")),
    },
    NOW + timedelta(days=1),
)

DEARER = replace(OFFER, items=OFFER.items | {"prd_2": Item("B", "b", Money(1001, "EUR"))})


def at(status: Status, *steps: Step) -> Order:
    work = Work(steps, due_at=NOW, since=NOW) if steps else None
    return replace(confirmed(pending()), status=status, work=work, news=())


def steps(order: Order) -> tuple[Step, ...]:
    return order.work.steps if order.work else ()


def decide(order: Order, standing: Standing | None, offer: Offer | Reason | None) -> Order | None:
    return life.decide(order, standing, offer, NOW, UNPAID_AFTER)


def test_a_product_that_is_named_twice_becomes_one_line() -> None:
    draft = Draft("cus_1", (Line("a", 1), Line("b", 2), Line("a", 3)))
    assert life.place(draft, "ord_1", NOW).lines == (Line("a", 4), Line("b", 2))


def test_two_times_yes_confirms_with_the_prices_of_the_offer() -> None:
    order = decide(pending(), Standing.ACTIVE, OFFER)
    assert order is not None
    assert order.status is Status.CONFIRMED
    assert [line.total for line in order.lines] == [Money(4000, "EUR"), Money(1000, "EUR")]
    assert order.total == Money(5000, "EUR")
    assert order.pay_by == NOW + UNPAID_AFTER
    assert steps(order) == (Step.CANCEL_UNPAID,)
    assert order.customer_link is CustomerLink.LINKED


def hoped(order: Order, offer: Offer | Reason | None) -> Order | None:
    return life.decide(order, Standing.ACTIVE, offer, NOW, UNPAID_AFTER)


def test_a_customer_is_told_of_the_order_as_it_will_be() -> None:
    order = pending()
    told = life.foreseen(order, hoped(order, OFFER))
    assert (told.status, told.total) == (Status.CONFIRMED, Money(5000, "EUR"))
    assert told.version == order.version + 1


@pytest.mark.parametrize("offer", [None, NO, DEARER])
def test_a_customer_is_told_of_a_pending_order_where_it_cannot_be_confirmed(
    offer: Offer | Reason | None,
) -> None:
    order = pending()
    assert life.foreseen(order, hoped(order, offer)) == order


def test_a_rejection_comes_after_any_version_that_its_customer_was_told_of() -> None:
    order = pending()
    rejected = decide(order, Standing.INACTIVE, OFFER)
    assert rejected is not None
    told = life.foreseen(order, hoped(order, OFFER))
    assert rejected.version + 1 > told.version, "storing it counts once more"


def test_an_order_is_never_payable_for_longer_than_its_goods_are_held() -> None:
    short = replace(OFFER, expires_at=NOW + timedelta(minutes=1))
    order = decide(pending(), Standing.ACTIVE, short)
    assert order is not None
    assert order.pay_by == short.expires_at


@pytest.mark.parametrize(
    ("standing", "offer", "code"),
    [
        (Standing.ACTIVE, NO, "insufficient-stock"),
        (None, NO, "insufficient-stock"),
        (Standing.INACTIVE, OFFER, "inactive-customer"),
        (Standing.INACTIVE, None, "inactive-customer"),
        (Standing.UNKNOWN, OFFER, "unknown-customer"),
        (Standing.UNLINKED, OFFER, "order-unlinked"),
        (Standing.UNKNOWN, NO, "unknown-customer"),
    ],
)
def test_one_no_rejects_whatever_the_other_says(
    standing: Standing | None, offer: Offer | Reason | None, code: str
) -> None:
    order = decide(pending(), standing, offer)
    assert order is not None
    assert order.status is Status.REJECTED
    assert order.reason is not None
    assert order.reason.code == code
    assert Step.RELEASE in steps(order)


@pytest.mark.parametrize(
    ("standing", "offer"), [(None, None), (None, OFFER), (Standing.ACTIVE, None)]
)
def test_without_a_no_both_answers_are_needed(
    standing: Standing | None, offer: Offer | None
) -> None:
    assert decide(pending(), standing, offer) is None


@pytest.mark.parametrize("standing", [Standing.UNKNOWN, Standing.UNLINKED])
def test_a_customer_that_takes_no_link_is_not_linked(standing: Standing) -> None:
    order = decide(pending(), standing, None)
    assert order is not None
    assert order.customer_link is CustomerLink.REMOVED
    assert steps(order) == (Step.RELEASE,)


def test_another_total_than_expected_rejects_and_tells_it() -> None:
    cheap = replace(pending(), expected_total=Money(4999, "EUR"))
    order = decide(cheap, Standing.ACTIVE, OFFER)
    assert order is not None
    assert (order.status, order.total) == (Status.REJECTED, None)
    assert order.reason is not None
    assert order.reason.members == {"total": {"amount": 5000, "currency": "EUR"}}


LEGAL = {
    (Status.CONFIRMED, Operation.PAY): Status.PAID,
    (Status.CONFIRMED, Operation.CANCEL): Status.CANCELLED,
    (Status.PAID, Operation.SHIP): Status.SHIPPED,
    (Status.PAID, Operation.CANCEL): Status.CANCELLED,
    (Status.SHIPPED, Operation.DELIVER): Status.DELIVERED,
}


@pytest.mark.parametrize(("status", "operation"), list(product(Status, Operation)))
def test_only_these_transitions_are_legal(status: Status, operation: Operation) -> None:
    order = at(status)
    if (status, operation) in LEGAL:
        moved = life.move(order, operation, NOW)
        assert moved.status is LEGAL[status, operation]
        assert moved.news[-1].status is moved.status
    else:
        with pytest.raises(IllegalTransition) as raised:
            life.move(order, operation, NOW)
        names = [o.value for s, o in LEGAL if s is status]
        assert raised.value.members["allowedTransitions"] == names


def test_what_was_not_paid_in_time_can_only_be_cancelled() -> None:
    order = at(Status.CONFIRMED)
    late = NOW + UNPAID_AFTER
    life.move(order, Operation.PAY, late - timedelta(milliseconds=1))
    with pytest.raises(IllegalTransition, match="not paid in time") as raised:
        life.move(order, Operation.PAY, late)
    assert raised.value.members["allowedTransitions"] == ["cancel"]
    assert life.move(order, Operation.CANCEL, late).status is Status.CANCELLED


@pytest.mark.parametrize(
    ("status", "before", "operation", "left"),
    [
        (Status.CONFIRMED, (Step.CANCEL_UNPAID,), Operation.PAY, (Step.COMMIT, Step.LINK)),
        (
            Status.CONFIRMED,
            (Step.LINK, Step.CANCEL_UNPAID),
            Operation.PAY,
            (Step.COMMIT, Step.LINK),
        ),
        (Status.CONFIRMED, (Step.CANCEL_UNPAID,), Operation.CANCEL, (Step.RELEASE, Step.LINK)),
        (Status.PAID, (Step.COMMIT, Step.LINK), Operation.CANCEL, (Step.RELEASE, Step.LINK)),
        (Status.PAID, (), Operation.CANCEL, (Step.RELEASE, Step.LINK)),
        (Status.PAID, (), Operation.SHIP, (Step.LINK,)),
        (Status.PAID, (Step.COMMIT,), Operation.SHIP, (Step.COMMIT, Step.LINK)),
        (Status.SHIPPED, (Step.COMMIT,), Operation.DELIVER, (Step.COMMIT, Step.LINK)),
    ],
)
def test_a_transition_leaves_what_its_status_needs(
    status: Status, before: tuple[Step, ...], operation: Operation, left: tuple[Step, ...]
) -> None:
    moved = life.move(at(status, *before), operation, NOW)
    assert steps(moved) == left
    assert moved.customer_link is CustomerLink.LINKED, "its customer has it, in whatever status"


def test_an_order_without_a_customer_is_never_linked_again() -> None:
    order = replace(at(Status.CONFIRMED), customer_link=CustomerLink.REMOVED)
    paid = life.move(order, Operation.PAY, NOW)
    assert steps(paid) == (Step.COMMIT,)
    assert steps(life.move(replace(paid, work=None), Operation.SHIP, NOW)) == ()


def test_what_waited_before_keeps_its_age_through_a_transition() -> None:
    later = NOW + timedelta(minutes=5)
    waiting = at(Status.CONFIRMED, Step.LINK, Step.CANCEL_UNPAID)
    paid = life.move(waiting, Operation.PAY, later)
    assert paid.work is not None
    assert paid.work.since == NOW
    fresh = life.move(at(Status.PAID), Operation.SHIP, later)
    assert fresh.work is not None
    assert fresh.work.since == later


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.CANCELLED, Status.REJECTED}))
def test_what_is_not_over_cannot_be_deleted(status: Status) -> None:
    with pytest.raises(OrderOpen):
        life.delete(at(status), NOW)


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.REJECTED])
def test_deleting_finishes_what_remains_and_takes_the_link_away(status: Status) -> None:
    waiting = life.delete(at(status, Step.RELEASE, Step.LINK), NOW)
    assert waiting.deleted
    assert steps(waiting) == (Step.RELEASE, Step.LINK, Step.UNLINK, Step.PURGE)
    assert steps(life.delete(at(status), NOW)) == (Step.UNLINK, Step.PURGE)


@pytest.mark.parametrize("status", Status)
def test_details_stand_as_they_are_from_the_shipping_on(status: Status) -> None:
    if status in (Status.PENDING, Status.CONFIRMED, Status.PAID):
        assert life.edit(at(status), Details(None, "new"), NOW).details.note == "new"
    else:
        with pytest.raises(NotChangeable):
            life.edit(at(status), Details(None, "new"), NOW)


def test_an_edit_that_changes_nothing_is_no_change() -> None:
    order = at(Status.PAID)
    assert life.edit(order, order.details, NOW) is order

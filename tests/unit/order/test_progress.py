"""How work shrinks: what is ready, what a result makes of an order, and when it is due again."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tests.fakes.order.store_suite import LEASE, NOW, confirmed, pending

from shop.order import progress
from shop.order.model import CustomerLink, Order, Reason, Status, Step, Work
from shop.order.progress import Failure

PAY_BY = NOW + timedelta(minutes=30)
SECOND = timedelta(seconds=1)


def with_steps(*steps: Step, status: Status = Status.CONFIRMED) -> Order:
    work = Work(steps, due_at=NOW + LEASE, since=NOW)
    return replace(confirmed(pending()), status=status, work=work, news=())


def left(order: Order) -> tuple[Step, ...]:
    return order.work.steps if order.work else ()


@pytest.mark.parametrize(
    ("steps", "now", "ready"),
    [
        ((Step.PLACE,), NOW, (Step.PLACE,)),
        ((Step.LINK, Step.CANCEL_UNPAID), NOW, (Step.LINK,)),
        ((Step.CANCEL_UNPAID,), NOW, ()),
        ((Step.LINK, Step.CANCEL_UNPAID), PAY_BY, (Step.CANCEL_UNPAID,)),
        ((Step.RELEASE, Step.LINK), NOW, (Step.RELEASE, Step.LINK)),
        ((Step.RELEASE, Step.UNLINK, Step.PURGE), NOW, (Step.RELEASE, Step.UNLINK)),
        ((Step.RELEASE, Step.LINK, Step.UNLINK, Step.PURGE), NOW, (Step.RELEASE, Step.LINK)),
        ((Step.PURGE,), NOW, (Step.PURGE,)),
    ],
)
def test_a_pass_takes_all_that_is_ready(
    steps: tuple[Step, ...], now: datetime, ready: tuple[Step, ...]
) -> None:
    assert progress.ready(with_steps(*steps), now) == ready


def test_an_order_without_work_has_nothing_ready() -> None:
    assert progress.ready(replace(with_steps(), work=None), NOW) == ()


def test_a_link_counts_only_for_the_status_that_it_told() -> None:
    order = with_steps(Step.LINK, status=Status.CANCELLED)
    assert left(progress.linked(order, NOW, Status.PAID)) == (Step.LINK,)
    done = progress.linked(order, NOW, Status.CANCELLED)
    assert (left(done), done.customer_link) == ((), CustomerLink.LINKED)


@pytest.mark.parametrize("end", [progress.customer_gone, progress.unlinked_there])
def test_a_customer_that_takes_no_link_ends_the_linking(end: Callable[..., Order]) -> None:
    done = end(with_steps(Step.LINK, Step.CANCEL_UNPAID), NOW)
    assert left(done) == (Step.CANCEL_UNPAID,)
    assert done.customer_link is CustomerLink.REMOVED


def test_an_order_whose_goods_are_gone_is_cancelled_with_the_reason() -> None:
    gone = Reason("reservation-expired", "It is too late.")
    ended = progress.commit_refused(with_steps(Step.COMMIT, status=Status.PAID), NOW, gone)
    assert (ended.status, ended.reason) == (Status.CANCELLED, gone)


@pytest.mark.parametrize("status", [Status.SHIPPED, Status.DELIVERED])
def test_one_that_has_left_the_house_stays_what_it_is(status: Status) -> None:
    gone = Reason("reservation-expired", "It is too late.")
    order = progress.commit_refused(with_steps(Step.COMMIT, Step.LINK, status=status), NOW, gone)
    assert (order.status, left(order)) == (status, (Step.LINK,))
    assert (order.news[-1].type, order.news[-1].detail) == ("commit-refused", "It is too late.")


def test_done_is_done() -> None:
    assert progress.proceed(with_steps(), NOW, LEASE).work is None


def test_what_only_waits_for_payment_sleeps_until_then() -> None:
    order = progress.proceed(with_steps(Step.CANCEL_UNPAID), NOW, LEASE)
    assert order.work == Work((Step.CANCEL_UNPAID,), due_at=PAY_BY, since=PAY_BY)


def test_what_goes_on_is_held_for_another_lease() -> None:
    order = progress.proceed(with_steps(Step.LINK), NOW + LEASE / 2, LEASE)
    assert order.work is not None
    assert order.work.due_at == NOW + LEASE / 2 + LEASE


def test_what_failed_is_due_again_after_the_wait_and_shows_why() -> None:
    failures = [Failure(Step.RELEASE, "product did not answer"), Failure(Step.LINK, "no")]
    order = progress.postpone(with_steps(Step.RELEASE, Step.LINK), failures, NOW, SECOND)
    assert order.work is not None
    assert (order.work.due_at, order.work.attempts, order.work.since) == (NOW + SECOND, 1, NOW)
    assert order.work.last_error == "release: product did not answer; link: no"
    assert [event.type for event in order.news] == ["delayed"]


def test_the_timeline_tells_the_same_failure_once() -> None:
    failures = [Failure(Step.LINK, "no")]
    once = progress.postpone(with_steps(Step.LINK), failures, NOW, SECOND)
    twice = progress.postpone(replace(once, news=()), failures, NOW, SECOND)
    assert twice.work is not None
    assert (twice.work.attempts, twice.news) == (2, ())


def test_a_failing_step_does_not_put_off_the_time_to_pay() -> None:
    order = with_steps(Step.LINK, Step.CANCEL_UNPAID)
    wait = timedelta(hours=1)
    put_off = progress.postpone(order, [Failure(Step.LINK, "no")], NOW, wait)
    assert put_off.work is not None
    assert put_off.work.due_at == PAY_BY


def test_an_error_is_cut_to_what_a_timeline_may_hold() -> None:
    order = progress.postpone(with_steps(Step.LINK), [Failure(Step.LINK, "x" * 5000)], NOW, SECOND)
    assert order.work is not None
    assert len(order.work.last_error or "") == 1000

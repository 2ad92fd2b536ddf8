"""How the work that remains for an order shrinks: what is ready, what is done, what failed.

Pure functions. A pass takes every step that is ready, all at once: they go to different peers and
do not depend on one another, so one peer that is away never holds up what the other is told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shop.order import life
from shop.order.model import CustomerLink, Event, Order, Reason, Status, Step, Work, replace

LONGEST_DETAIL = 1000


@dataclass(frozen=True)
class Failure:
    """A step that could not be done now, and may be later."""

    step: Step
    error: str

    def __str__(self) -> str:
        return f"{self.step}: {self.error}"


def ready(order: Order, now: datetime) -> tuple[Step, ...]:
    """Return the steps to take in one pass at this moment.

    An order that was not paid in time is cancelled before anything else is tried, an order is
    unlinked only after it was linked, and a document is deleted only after all else is done.
    """
    if order.work is None:
        return ()
    steps = order.work.steps
    if Step.CANCEL_UNPAID in steps and order.pay_by is not None and now >= order.pay_by:
        return (Step.CANCEL_UNPAID,)
    if steps == (Step.PURGE,):
        return steps
    later = {Step.CANCEL_UNPAID, Step.PURGE} | ({Step.UNLINK} if Step.LINK in steps else set())
    return tuple(step for step in steps if step not in later)


def linked(order: Order, now: datetime, status: Status) -> Order:
    """Return the order linked with this status; where it has another by now, the step remains."""
    if status is not order.status:
        return order
    told = life.tell(order, Event("linked", now, f"as {status}"))
    return _without(replace(told, customer_link=CustomerLink.LINKED), Step.LINK)


def customer_gone(order: Order, now: datetime) -> Order:
    """Return the order of a customer that was deleted: there is nothing to link it to.

    One that is final needs no address any more; another is erased once it is (``erasure``).
    """
    told = life.tell(order, Event("customer-gone", now, "there is no such customer any more"))
    erased = order.erased or order.status in life.FINAL
    return _without(replace(told, customer_link=CustomerLink.REMOVED, erased=erased), Step.LINK)


def unlinked_there(order: Order, now: datetime) -> Order:
    """Return the order that somebody has unlinked at customer, which takes no link of it now."""
    told = life.tell(order, Event("link-refused", now, "it was unlinked at customer"))
    return _without(replace(told, customer_link=CustomerLink.REMOVED), Step.LINK)


def committed(order: Order, now: datetime) -> Order:
    """Return the order whose goods are sold."""
    return _without(life.tell(order, Event("stock-committed", now)), Step.COMMIT)


def commit_refused(order: Order, now: datetime, reason: Reason) -> Order:
    """Return the order cancelled: product holds nothing for it and never will again.

    One that has left the house already stays what it is; its timeline says what was not counted.
    """
    if order.status in life.LEFT_THE_HOUSE:
        return _without(life.tell(order, Event("commit-refused", now, reason.detail)), Step.COMMIT)
    return life.cancel(order, now, reason)


def released(order: Order, now: datetime) -> Order:
    """Return the order for which product holds nothing any more."""
    return _without(life.tell(order, Event("stock-released", now)), Step.RELEASE)


def unlinked(order: Order, now: datetime) -> Order:
    """Return the order that the customer no longer shows."""
    return _without(life.tell(order, Event("unlinked", now)), Step.UNLINK)


def proceed(order: Order, now: datetime, lease: timedelta) -> Order:
    """Return the order after a pass without failure: held on, put off until payment, or done."""
    work = order.work
    if work is None or not work.steps:
        return replace(order, work=None)
    if work.steps == (Step.CANCEL_UNPAID,) and order.pay_by is not None:
        later = Work(work.steps, due_at=order.pay_by, since=order.pay_by, trace=work.trace)
        return replace(order, work=later)
    return hold(replace(order, work=replace(work, attempts=0, last_error=None)), now, lease)


def hold(order: Order, now: datetime, lease: timedelta) -> Order:
    """Return the order with its work kept from everybody else until the lease runs out."""
    if order.work is None:
        return order
    return replace(order, work=replace(order.work, due_at=now + lease))


def postpone(order: Order, failures: Sequence[Failure], now: datetime, wait: timedelta) -> Order:
    """Return the order given back, due again after ``wait`` or when it must be paid."""
    if order.work is None:
        return order
    error = "; ".join(map(str, failures))[:LONGEST_DETAIL]
    due_at = now + wait
    if life.remains(order, Step.CANCEL_UNPAID) and order.pay_by is not None:
        due_at = min(due_at, order.pay_by)
    work = replace(order.work, due_at=due_at, attempts=order.work.attempts + 1, last_error=error)
    if error != order.work.last_error:
        order = life.tell(order, Event("delayed", now, error))
    return replace(order, work=work)


def _without(order: Order, step: Step) -> Order:
    """Return the order with one step less; what it waited for longest may have been that one."""
    if order.work is None:
        return order
    left = tuple(s for s in order.work.steps if s is not step)
    return replace(order, work=replace(order.work, steps=left))


def delayed(order: Order) -> bool:
    """Say whether the last pass over this order has failed in part."""
    return order.work is not None and order.work.attempts > 0

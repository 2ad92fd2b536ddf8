"""The life of an order: which transitions there are, and which steps each leaves to be done.

Pure functions: each takes an order as it is and returns it as it will be, with the entry for the
timeline in ``news``. Work that they leave is due at once; who means to do it holds it first.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import starmap
from typing import Any

from shop.order import reasons
from shop.order.errors import IllegalTransition, NotChangeable, OrderOpen
from shop.order.model import (
    CustomerLink,
    Details,
    Draft,
    Event,
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
    replace,
)

TRANSITIONS: Mapping[Status, Mapping[Operation, Status]] = {
    Status.CONFIRMED: {Operation.PAY: Status.PAID, Operation.CANCEL: Status.CANCELLED},
    Status.PAID: {Operation.SHIP: Status.SHIPPED, Operation.CANCEL: Status.CANCELLED},
    Status.SHIPPED: {Operation.DELIVER: Status.DELIVERED},
}
DELETABLE = frozenset({Status.CANCELLED, Status.REJECTED})
LEFT_THE_HOUSE = frozenset({Status.SHIPPED, Status.DELIVERED})
FINAL = DELETABLE | {Status.DELIVERED}
CHANGEABLE = frozenset({Status.PENDING, Status.CONFIRMED, Status.PAID})


def place(draft: Draft, order_id: str, now: datetime) -> Order:
    """Return the order that a draft begins as: pending, with everything still to do.

    A product that is named twice becomes one line.
    """
    pieces: dict[str, int] = {}
    for line in draft.lines:
        pieces[line.product_id] = pieces.get(line.product_id, 0) + line.quantity
    return Order(
        id=order_id,
        customer_id=draft.customer_id,
        lines=tuple(starmap(Line, pieces.items())),
        expected_total=draft.expected_total,
        details=draft.details,
        created_at=now,
        updated_at=now,
        work=Work((Step.PLACE,), due_at=now, since=now),
        news=(Event("placed", now, status=Status.PENDING),),
    )


def decide(
    order: Order,
    standing: Standing | None,
    offer: Offer | Reason | None,
    now: datetime,
    unpaid_after: timedelta,
) -> Order | None:
    """Return the order confirmed or rejected, or None where the answer that counts is missing.

    One no decides, even while the other answer (None) is not known. Whoever says how the customer
    stands has linked the order as it was ``foreseen``; its link follows its status from then on.
    Of nobody, or of somebody who was deleted, no address is kept.
    """
    if standing in (Standing.UNKNOWN, Standing.UNLINKED):
        gone = replace(
            order, customer_link=CustomerLink.REMOVED, erased=standing is Standing.UNKNOWN
        )
        why = reasons.unlinked if standing is Standing.UNLINKED else reasons.unknown_customer
        return reject(gone, now, why(order.customer_id))
    if standing is not None:
        order = replace(order, customer_link=CustomerLink.LINKED)
    if standing is Standing.INACTIVE:
        return reject(order, now, reasons.inactive_customer(order.customer_id))
    if isinstance(offer, Reason):
        return reject(order, now, offer)
    if standing is None or offer is None:
        return None
    pay_by = min(now + unpaid_after, offer.expires_at)
    return _take(replace(order, pay_by=pay_by), offer, now)


def _take(order: Order, offer: Offer, now: datetime) -> Order:
    lines = tuple(replace(line, item=offer.items[line.product_id]) for line in order.lines)
    total = _sum(lines)
    if order.expected_total is not None and order.expected_total != total:
        return reject(order, now, reasons.price_changed(order.expected_total, total))
    priced = replace(order, lines=lines, total=total)
    linked = Event("linked", now, f"as {Status.CONFIRMED}")
    return tell(_enter(priced, Status.CONFIRMED, (Step.CANCEL_UNPAID,), now), linked)


def foreseen(order: Order, hoped: Order | None) -> Order:
    """Return the order as its customer is told of it, before that customer's word decides.

    ``hoped``: what a yes will decide. Where that is to confirm it, it is told as confirmed, in the
    version that it will have then: so it stands among its customer's orders, once and for all, by
    the time it is confirmed.
    """
    if hoped is None or hoped.status is not Status.CONFIRMED:
        return order
    return replace(hoped, version=order.version + 1)


def _sum(lines: Sequence[Line]) -> Money:
    """Add up lines that are all priced in one currency."""
    totals = [line.total for line in lines if line.total is not None]
    return Money(sum(total.amount for total in totals), totals[0].currency)


def reject(order: Order, now: datetime, reason: Reason) -> Order:
    """Return the order rejected; a reservation may have been made, and is released by its id.

    It passes over a version: that in which its customer may have been told of it as confirmed.
    """
    passed = replace(order, version=order.version + 1)
    return _enter(passed, Status.REJECTED, (Step.RELEASE, Step.LINK), now, reason)


def allowed(order: Order, now: datetime) -> list[Operation]:
    """Return the operations that would lead this order on at this moment."""
    too_late = order.pay_by is not None and now >= order.pay_by
    operations = TRANSITIONS.get(order.status, {})
    return [o for o in operations if not (o is Operation.PAY and too_late)]


def move(order: Order, operation: Operation, now: datetime) -> Order:
    """Return the order after this operation; raise IllegalTransition where it is not allowed."""
    if operation not in allowed(order, now):
        raise illegal(order, operation, now)
    if operation is Operation.CANCEL:
        return cancel(order, now, reasons.REQUESTED)
    status = TRANSITIONS[order.status][operation]
    unsold = operation is Operation.PAY or remains(order, Step.COMMIT)
    return _enter(order, status, (Step.COMMIT, Step.LINK) if unsold else (Step.LINK,), now)


def illegal(order: Order, operation: Operation, now: datetime) -> IllegalTransition:
    """Return the error that says why this operation is refused and which are not."""
    why = f" ({order.reason.detail.rstrip('.')})" if order.reason else ""
    if operation in TRANSITIONS.get(order.status, {}):
        why = " and was not paid in time"
    return IllegalTransition(
        f"Cannot {operation} an order that is {order.status}{why}.",
        allowedTransitions=allowed(order, now),
    )


def cancel(order: Order, now: datetime, reason: Reason) -> Order:
    """Return the order cancelled; whether its goods were held or sold, they go back."""
    return _enter(order, Status.CANCELLED, (Step.RELEASE, Step.LINK), now, reason)


def delete(order: Order, now: datetime) -> Order:
    """Return the order gone from sight; raise OrderOpen unless it is cancelled or rejected.

    A link that is still to be made is made before it is taken away: customer refuses a late link
    only of an order that it has known.
    """
    if order.status not in DELETABLE:
        final = " or ".join(sorted(DELETABLE))
        raise OrderOpen(f"Only an order that is {final} can be deleted; it is {order.status}.")
    left = [step for step in (Step.RELEASE, Step.LINK) if remains(order, step)]
    work = leave(order, (*left, Step.UNLINK, Step.PURGE), now)
    return tell(replace(order, deleted=True, work=work), Event("deleted", now))


def erase(order: Order, now: datetime) -> Order:
    """Return the order without what names a person: its customer was deleted."""
    return tell(replace(order, erased=True), Event("erased", now))


def edit(order: Order, details: Details, now: datetime) -> Order:
    """Return the order with other details; raise NotChangeable where it is too late for that."""
    if order.status not in CHANGEABLE:
        raise NotChangeable(f"The order is {order.status}: address and note stand as they are.")
    if details == order.details:
        return order
    return tell(replace(order, details=details), Event("changed", now))


def _enter(
    order: Order, status: Status, steps: Sequence[Step], now: datetime, reason: Reason | None = None
) -> Order:
    if order.customer_link is CustomerLink.REMOVED:
        steps = [step for step in steps if step is not Step.LINK]
    entered = replace(order, status=status, reason=reason, work=leave(order, steps, now))
    return tell(entered, Event(status, now, reason.detail if reason else None, status))


def leave(order: Order, steps: Sequence[Step], now: datetime) -> Work | None:
    """Return work that is due at once; what was waiting before keeps its age."""
    if not steps:
        return None
    before = order.work
    kept = before is not None and not set(before.steps).isdisjoint(steps)
    since = min(before.since, now) if before and kept else now
    return Work(tuple(steps), due_at=now, since=since, trace=before.trace if before else None)


def remains(order: Order, step: Step) -> bool:
    """Say whether this step is still to be done."""
    return order.work is not None and step in order.work.steps


def tell(order: Order, event: Event) -> Order:
    """Return the order with one more entry in its timeline."""
    return replace(order, updated_at=event.at, news=(*order.news, event))


def shown(order: Order) -> tuple[Any, ...]:
    """Return what a representation shows of the parts that the life of the order changes."""
    return (
        order.status,
        order.reason,
        order.lines,
        order.total,
        order.customer_link,
        order.pay_by,
        order.deleted,
        order.erased,
    )

"""What must agree, and what is the one right answer where it does not. Pure functions on JSON."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Json = Mapping[str, Any]

_OVER = {"released", "expired"}
_RESERVED = {
    "confirmed": "held",
    "paid": "committed",
    "shipped": "committed",
    "delivered": "committed",
}


@dataclass(frozen=True)
class Repair:
    """The call that makes it right."""

    service: str
    method: str
    path: str
    body: Json | None = None


@dataclass(frozen=True)
class Disagreement:
    """Two services that say different things of one order, and since when at most.

    ``repair`` is None where a person has to decide.
    """

    order_id: str
    what: str
    since: datetime
    repair: Repair | None = None


@dataclass(frozen=True)
class Seen:
    """One order as the three services show it; None: not there. ``version`` is the order's ETag."""

    order_id: str
    order: Json | None
    version: int
    reservation: Json | None
    link: Json | None


def disagreements(seen: Seen) -> Iterator[Disagreement]:
    """Return every disagreement about an order."""
    if seen.order is None:
        yield from _of_nothing(seen)
        return
    yield from _of_stock(seen, seen.order)
    yield from _of_link(seen, seen.order)


def _of_nothing(seen: Seen) -> Iterator[Disagreement]:
    """What is left of an order that is not there: no order is deleted before it is over."""
    if seen.reservation and seen.reservation["state"] not in _OVER:
        state = seen.reservation["state"]
        release = _release(seen) if state == "held" else None
        since = _time(seen.reservation.get("expiresAt"))
        yield Disagreement(seen.order_id, f"{state} at product, but no such order", since, release)
    if seen.link:
        repair = Repair("customer", "DELETE", _link_path(seen, seen.link["customerId"]))
        since = _time(seen.link["updatedAt"])
        yield Disagreement(seen.order_id, "linked at customer, but no such order", since, repair)


def _of_stock(seen: Seen, order: Json) -> Iterator[Disagreement]:
    status, since = order["status"], _time(order["updatedAt"])
    state = seen.reservation["state"] if seen.reservation else "not known"
    wanted = _RESERVED.get(status)
    if status == "pending" or state == wanted:
        return
    if wanted is None:
        if state not in _OVER and seen.reservation:
            yield Disagreement(
                seen.order_id, f"{status}, but {state} at product", since, _release(seen)
            )
        return
    repair = None
    if wanted == "committed" and state == "held":
        repair = Repair("product", "POST", f"/reservations/{seen.order_id}/commit")
    elif status == "confirmed" and state != "committed":
        repair = Repair("order", "POST", f"/orders/{seen.order_id}/cancel")
    yield Disagreement(seen.order_id, f"{status}, but {state} at product", since, repair)


def _of_link(seen: Seen, order: Json) -> Iterator[Disagreement]:
    since, status = _time(order["updatedAt"]), order["status"]
    if order["customerLink"] == "removed" or status == "pending":
        return
    if seen.link is None:
        what = f"{status}, but not linked at customer"
    elif seen.link["status"] != status or seen.link["total"] != order.get("total"):
        what = f"{status}, but linked at customer as {seen.link['status']}"
    else:
        return
    body = {
        "status": status,
        "total": order.get("total"),
        "placedAt": order["createdAt"],
        "orderVersion": seen.version,
    }
    path = _link_path(seen, order["customerId"])
    yield Disagreement(seen.order_id, what, since, Repair("customer", "PUT", path, body))


def _release(seen: Seen) -> Repair:
    return Repair("product", "POST", f"/reservations/{seen.order_id}/release")


def _link_path(seen: Seen, customer_id: str) -> str:
    return f"/customerOrders/{customer_id}/{seen.order_id}"


def _time(text: str | None) -> datetime:
    return datetime.fromisoformat(text or "1970-01-01T00:00:00+00:00")

"""What must agree, and what is the one right answer where it does not. Pure functions on JSON."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shop.common.ids import made_at

Json = Mapping[str, Any]

_NOTHING = "not known"
_OVER = {"released", "expired", _NOTHING}
_FINAL = {"delivered", "cancelled", "rejected"}
_RIGHT = {
    "confirmed": {"held"},
    "paid": {"committed"},
    "shipped": {"committed"},
    "delivered": {"committed"},
    "cancelled": _OVER,
    "rejected": _OVER,
}


@dataclass(frozen=True)
class Repair:
    """The call that makes it right; with ``if_match`` only if nothing has changed since."""

    service: str
    method: str
    path: str
    body: Json | None = None
    if_match: str | None = None


@dataclass(frozen=True)
class Disagreement:
    """Two services that say different things of one order, and since when at most.

    ``since`` is None where nothing tells; ``repair`` where a person has to decide.
    """

    order_id: str
    what: str
    since: datetime | None
    repair: Repair | None = None


@dataclass(frozen=True)
class Seen:
    """One order as the three services show it; None: not there, or not looked at.

    ``customer_gone``: the link is not there, and neither is the customer. The ETags are those of
    the order and of the link.
    """

    order_id: str
    order: Json | None
    reservation: Json | None
    link: Json | None
    order_etag: str = '"0"'
    link_etag: str = '"0"'
    customer_gone: bool = False

    @property
    def version(self) -> int:
        """The order's version, as its links name it."""
        return int(self.order_etag.strip('"'))


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
        what = f"{state} at product, but no such order"
        release = _release(seen) if state == "held" else None
        yield Disagreement(seen.order_id, what, made_at(seen.order_id), release)
    if seen.link:
        what = "linked at customer, but no such order"
        yield Disagreement(seen.order_id, what, _time(seen.link["updatedAt"]), _unlink(seen))


def _of_stock(seen: Seen, order: Json) -> Iterator[Disagreement]:
    status, since = order["status"], _time(order["updatedAt"])
    state = seen.reservation["state"] if seen.reservation else _NOTHING
    if status == "pending":
        return
    if state not in _RIGHT[status]:
        what = f"{status}, but {state} at product"
        yield Disagreement(seen.order_id, what, since, _settle(seen, status, state))
    elif state not in _OVER and _pieces(order) != _pieces(seen.reservation):
        yield Disagreement(seen.order_id, f"other goods are {state} at product", since)


def _settle(seen: Seen, status: str, state: str) -> Repair | None:
    """Return the call after which the goods are where the order's status says, if there is one."""
    if _RIGHT[status] is _OVER:
        return _release(seen)
    if state == "held":
        return Repair("product", "POST", f"/reservations/{seen.order_id}/commit")
    if status == "confirmed" and state != "committed":  # it could never be paid
        return Repair("order", "POST", f"/orders/{seen.order_id}/cancel")
    return None


def _of_link(seen: Seen, order: Json) -> Iterator[Disagreement]:
    since, status = _time(order["updatedAt"]), order["status"]
    if status == "pending":
        return
    if order["customerLink"] == "removed":
        if seen.link:
            what = f"{status} and unlinked, but linked at customer"
            yield Disagreement(seen.order_id, what, since, _unlink(seen))
        return
    if seen.customer_gone:
        if status not in _FINAL:  # a customer goes when all is over, and takes the links along
            yield Disagreement(seen.order_id, f"{status}, but its customer is gone", since)
        return
    if seen.link is None:
        what = f"{status}, but not linked at customer"
    elif seen.link["status"] != status:
        what = f"{status}, but linked at customer as {seen.link['status']}"
    elif seen.link["total"] != order.get("total"):
        what = f"{status}, but linked at customer with another total"
    else:
        return
    yield Disagreement(seen.order_id, what, since, _link(seen, order))


def _link(seen: Seen, order: Json) -> Repair | None:
    """Return the call that shows the order as it is; None where customer knows a later one."""
    if seen.link and seen.link["orderVersion"] > seen.version:
        return None
    body = {
        "status": order["status"],
        "total": order.get("total"),
        "placedAt": order["createdAt"],
        "orderVersion": seen.version,
    }
    path = _link_path(seen, order["customerId"])
    return Repair("customer", "PUT", path, body, seen.link_etag if seen.link else None)


def _unlink(seen: Seen) -> Repair:
    customer_id = seen.link["customerId"] if seen.link else ""
    return Repair("customer", "DELETE", _link_path(seen, customer_id), if_match=seen.link_etag)


def _release(seen: Seen) -> Repair:
    return Repair("product", "POST", f"/reservations/{seen.order_id}/release")


def _link_path(seen: Seen, customer_id: str) -> str:
    return f"/customerOrders/{customer_id}/{seen.order_id}"


def _pieces(holder: Json | None) -> dict[str, int]:
    return {line["productId"]: line["quantity"] for line in (holder or {}).get("lines", ())}


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)

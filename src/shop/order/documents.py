"""Orders as MongoDB documents, and back. Absent means None; names are those of the API."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from shop.order.model import (
    Address,
    CustomerLink,
    Details,
    Event,
    Item,
    Line,
    Money,
    Order,
    Reason,
    Status,
    Step,
    Work,
)

Document = dict[str, Any]


def document(order: Order, *, due: bool = True) -> Document:
    """Return the document of a new order; its events are the order's news.

    ``due``: for the copier of the audit trail; not where somebody else brings them there.
    """
    fixed = {
        "_id": order.id,
        "customerId": order.customer_id,
        "expectedTotal": _money(order.expected_total),
        "createdAt": order.created_at,
        "updatedAt": order.updated_at,
        "version": order.version,
        "fence": order.fence,
        "events": events(order.news),
        "eventCount": len(order.news),
        "auditDue": order.created_at if due and order.news else None,
    }
    whole = fixed | progress_fields(order) | detail_fields(order.details)
    return {name: value for name, value in whole.items() if value is not None}


def progress_fields(order: Order) -> Document:
    """Return the fields that the life of the order changes (None: absent)."""
    return {
        "status": order.status.value,
        "statusReason": asdict(order.reason) if order.reason else None,
        "lines": [_line(line) for line in order.lines],
        "total": _money(order.total),
        "customerLink": order.customer_link.value,
        "payBy": order.pay_by,
        "work": _work(order.work) if order.work else None,
        "deleted": order.customer_id if order.deleted else None,  # a change tells no more
        "erased": order.erased or None,
    }


def detail_fields(details: Details) -> Document:
    """Return the fields that the caller may change (None: absent)."""
    address = details.shipping_address
    return {"shippingAddress": _address(address) if address else None, "note": details.note}


def events(news: Sequence[Event]) -> list[Document]:
    """Return events as they are stored: their number follows from their place."""
    stored = [
        {
            "type": str(e.type),
            "at": e.at,
            "detail": e.detail,
            "status": e.status and e.status.value,
            "by": e.by,
            "traceId": e.trace_id,
        }
        for e in news
    ]
    return [{k: v for k, v in event.items() if v is not None} for event in stored]


def _money(money: Money | None) -> Document | None:
    return {"amount": money.amount, "currency": money.currency} if money else None


def _line(line: Line) -> Document:
    stored: Document = {"productId": line.product_id, "quantity": line.quantity}
    if line.item:
        price = _money(line.item.unit_price)
        stored |= {"sku": line.item.sku, "name": line.item.name, "unitPrice": price}
    return stored


def _address(address: Address) -> Document:
    stored = asdict(address) | {"postalCode": address.postal_code}
    del stored["postal_code"]
    return {k: v for k, v in stored.items() if v is not None}


def _work(work: Work) -> Document:
    stored = {
        "steps": [step.value for step in work.steps],
        "dueAt": work.due_at,
        "since": work.since,
        "attempts": work.attempts,
        "lastError": work.last_error,
        "trace": work.trace,
    }
    return {k: v for k, v in stored.items() if v is not None}


def order_of(stored: Mapping[str, Any]) -> Order:
    """Return the order in a document."""
    work, reason = stored.get("work"), stored.get("statusReason")
    return Order(
        id=stored["_id"],
        customer_id=stored["customerId"],
        lines=tuple(map(_line_of, stored["lines"])),
        created_at=stored["createdAt"],
        updated_at=stored["updatedAt"],
        status=Status(stored["status"]),
        reason=Reason(**reason) if reason else None,
        total=_money_of(stored.get("total")),
        expected_total=_money_of(stored.get("expectedTotal")),
        details=Details(_address_of(stored.get("shippingAddress")), stored.get("note")),
        customer_link=CustomerLink(stored["customerLink"]),
        pay_by=stored.get("payBy"),
        work=_work_of(work) if work else None,
        deleted="deleted" in stored,
        erased=stored.get("erased", False),
        version=stored["version"],
        fence=stored["fence"],
    )


def events_of(stored: Mapping[str, Any]) -> list[Event]:
    """Return the events kept in a document, oldest first, each with its number."""
    kept = stored["events"]
    first = stored["eventCount"] - len(kept) + 1
    return [_event_of(event, seq) for seq, event in enumerate(kept, first)]


def _event_of(stored: Mapping[str, Any], seq: int) -> Event:
    status = Status(stored["status"]) if "status" in stored else None
    by, trace_id = stored.get("by"), stored.get("traceId")
    return Event(stored["type"], stored["at"], stored.get("detail"), status, seq, by, trace_id)


def _money_of(stored: Mapping[str, Any] | None) -> Money | None:
    return Money(stored["amount"], stored["currency"]) if stored else None


def _line_of(stored: Mapping[str, Any]) -> Line:
    price = _money_of(stored.get("unitPrice"))
    item = Item(stored["sku"], stored["name"], price) if price else None
    return Line(stored["productId"], stored["quantity"], item)


def _address_of(stored: Mapping[str, Any] | None) -> Address | None:
    if stored is None:
        return None
    return Address(
        line1=stored["line1"],
        city=stored["city"],
        postal_code=stored["postalCode"],
        country=stored["country"],
        line2=stored.get("line2"),
    )


def _work_of(stored: Mapping[str, Any]) -> Work:
    return Work(
        steps=tuple(map(Step, stored["steps"])),
        due_at=stored["dueAt"],
        since=stored["since"],
        attempts=stored["attempts"],
        last_error=stored.get("lastError"),
        trace=stored.get("trace"),
    )

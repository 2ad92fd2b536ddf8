"""Between JSON and the model. Each schema is the definition of its name in swagger.yaml."""

import re
from typing import Any, ClassVar

import orjson
from marshmallow import fields, post_load

from shop.common.caller import Kind
from shop.common.clock import rfc3339
from shop.common.representation import Representation
from shop.common.web.schema import (
    NOT_BLANK,
    AddressSchema,
    MoneySchema,
    Schema,
    Time,
    one_of,
    text,
    up_to,
    whole,
)
from shop.common.web.shown import address, money, only_set
from shop.order.model import CustomerLink, Details, Draft, Entry, Event, Line, Order, Status

_ANY_ID = r"^[A-Za-z0-9_-]{1,64}$"
_is_id = re.compile(_ANY_ID.strip("^$")).fullmatch


class OrderLineDraftSchema(Schema):
    """Definition ``OrderLineDraft``."""

    model = Line
    product_id = text(1, 64, _ANY_ID, required=True)
    quantity = whole(1, 1_000_000, required=True)


class OrderDraftSchema(Schema):
    """Definition ``OrderDraft``."""

    customer_id = text(1, 64, _ANY_ID, required=True)
    lines = up_to(100, fields.Nested(OrderLineDraftSchema), low=1, required=True)
    shipping_address = fields.Nested(AddressSchema)
    expected_total = fields.Nested(MoneySchema)

    def load(self, data: Any, **options: Any) -> Any:
        """Return the draft; raise ValidationError. What is plain is read at a tenth of the cost."""
        return _plain(data) or super().load(data, **options)

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> Draft:
        details = Details(shipping_address=data.pop("shipping_address", None))
        return Draft(**data, details=details)


def _plain(data: Any) -> Draft | None:
    """Return a draft of nothing but valid lines; None: the schema has to look at it."""
    if type(data) is not dict or data.keys() != {"customerId", "lines"}:
        return None
    customer_id, lines = data["customerId"], data["lines"]
    if type(customer_id) is not str or not _is_id(customer_id):
        return None
    if type(lines) is not list or not 1 <= len(lines) <= 100 or not all(map(_is_plain, lines)):
        return None
    return Draft(customer_id, tuple(Line(line["productId"], line["quantity"]) for line in lines))


def _is_plain(line: Any) -> bool:
    if type(line) is not dict or line.keys() != {"productId", "quantity"}:
        return False
    product_id, quantity = line["productId"], line["quantity"]
    if type(product_id) is not str or not _is_id(product_id):
        return False
    return type(quantity) is int and 1 <= quantity <= 1_000_000


class OrderChangeSchema(Schema):
    """Definition ``OrderChange``."""

    model = Details
    shipping_address = fields.Nested(AddressSchema)
    note = text(1, 2000, NOT_BLANK)


class AddressPatchSchema(Schema):
    """Definition ``AddressPatch``."""

    line1 = text(1, 200, NOT_BLANK)
    line2 = text(1, 200, NOT_BLANK, allow_none=True)
    city = text(1, 100, NOT_BLANK)
    postal_code = text(1, 20, NOT_BLANK)
    country = text(2, 2, r"^[A-Z]{2}$")


class OrderPatchSchema(Schema):
    """Definition ``OrderPatch``."""

    shipping_address = fields.Nested(AddressPatchSchema, allow_none=True)
    note = text(1, 2000, NOT_BLANK, allow_none=True)


class OrderLineSchema(Schema):
    """Definition ``OrderLine``."""

    product_id = text(1, 64, _ANY_ID, required=True)
    sku = text(1, 64, r"^[A-Za-z0-9._-]{1,64}$", attribute="item.sku")
    name = text(1, 200, attribute="item.name")
    unit_price = fields.Nested(MoneySchema, attribute="item.unit_price")
    quantity = whole(1, 100_000_000, required=True)
    line_total = fields.Nested(MoneySchema, attribute="total")


class OrderSchema(Schema):
    """Definition ``Order``."""

    id = text(30, 30, r"^ord_[0-9a-z]{26}$", required=True)
    customer_id = text(1, 64, _ANY_ID, required=True)
    status = one_of(Status, required=True)
    status_reason = text(1, 64, r"^[a-z]+(-[a-z]+)*$", attribute="reason.code")
    lines = up_to(100, fields.Nested(OrderLineSchema), low=1, required=True)
    total = fields.Nested(MoneySchema)
    shipping_address = fields.Nested(AddressSchema, attribute="details.shipping_address")
    note = text(1, 2000, NOT_BLANK, attribute="details.note")
    customer_link = one_of(CustomerLink, required=True)
    created_at = Time(required=True)
    updated_at = Time(required=True)


class OrderFeedItemSchema(Schema):
    """Definition ``OrderFeedItem``: what the feed writes by hand."""

    id = text(1, 64, _ANY_ID, required=True)
    version = whole(1, 2**53 - 1)
    etag = text(3, 100, r'^"[1-9][0-9]*"$')
    resource = fields.Nested(OrderSchema)


class OrderEventSchema(Schema):
    """Definition ``OrderEvent``."""

    seq = whole(1, 2**53 - 1, required=True)
    type = text(1, 64, r"^[a-z]+(-[a-z]+)*$", required=True)
    at = Time(required=True)
    detail = text(1, 1000)
    status = one_of(Status)


class ActorSchema(Schema):
    """Definition ``Actor``."""

    kind = one_of(Kind, required=True)
    subject = text(1, 200, required=True)


class AuditEntrySchema(Schema):
    """Definition ``AuditEntry``."""

    class Meta(Schema.Meta):
        """``from`` is no name in Python."""

        include: ClassVar = {"from": one_of(Status, attribute="before")}

    order_id = text(30, 30, r"^ord_[0-9a-z]{26}$", required=True)
    seq = whole(1, 2**53 - 1, required=True)
    at = Time(required=True)
    type = text(1, 64, r"^[a-z]+(-[a-z]+)*$", required=True)
    by = fields.Nested(ActorSchema)
    to = one_of(Status, attribute="after")
    trace_id = text(32, 32, r"^[0-9a-f]{32}$")


def dump_order(order: Order) -> dict[str, Any]:
    """Return an order as JSON shows it."""
    where = order.details.shipping_address
    return only_set(
        id=order.id,
        customerId=order.customer_id,
        status=order.status.value,
        statusReason=order.reason.code if order.reason else None,
        lines=[_dump_line(line) for line in order.lines],
        total=money(order.total) if order.total else None,
        shippingAddress=address(where) if where else None,
        note=order.details.note,
        customerLink=order.customer_link.value,
        createdAt=rfc3339(order.created_at),
        updatedAt=rfc3339(order.updated_at),
    )


def _dump_line(line: Line) -> dict[str, Any]:
    item, total = line.item, line.total
    return only_set(
        productId=line.product_id,
        sku=item.sku if item else None,
        name=item.name if item else None,
        unitPrice=money(item.unit_price) if item else None,
        quantity=line.quantity,
        lineTotal=money(total) if total else None,
    )


def encode_order(order: Order) -> Representation:
    """Return an order as it goes over the wire."""
    return Representation(order.version, orjson.dumps(dump_order(order)))


def dump_event(event: Event) -> dict[str, Any]:
    """Return an entry of the timeline as JSON shows it."""
    return only_set(
        seq=event.seq,
        type=str(event.type),
        at=rfc3339(event.at),
        detail=event.detail,
        status=event.status.value if event.status else None,
    )


def dump_entry(entry: Entry) -> dict[str, Any]:
    """Return an entry of the audit trail as JSON shows it."""
    kind, _, subject = entry.by.partition(":") if entry.by else ("", "", "")
    shown = {
        "orderId": entry.order_id,
        "seq": entry.seq,
        "at": rfc3339(entry.at),
        "type": entry.type,
        "by": {"kind": kind, "subject": subject} if kind else None,
        "from": entry.before.value if entry.before else None,
        "to": entry.after.value if entry.after else None,
        "traceId": entry.trace_id,
    }
    return only_set(**shown)

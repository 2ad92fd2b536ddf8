"""Reservations between JSON and the model."""

from typing import Any

import orjson
from marshmallow import fields, post_load, validate, validates_schema

from shop.common.clock import rfc3339
from shop.common.representation import Representation
from shop.common.web.schema import (
    BATCH_MAX,
    MoneySchema,
    Schema,
    Time,
    check_fields_of_op,
    text,
    up_to,
    whole,
)
from shop.common.web.shown import money, only_set
from shop.product.model import Line, Reservation
from shop.product.schemas import plain
from shop.product.schemas.products import SKU, product_id

_ANY_ID = r"^[A-Za-z0-9_-]{1,64}$"
_TTL_SECONDS = 900


class ReservationLineDraftSchema(Schema):
    """Definition ``ReservationLineDraft``."""

    product_id = text(1, 64, _ANY_ID, required=True)
    quantity = whole(1, 1_000_000, required=True)


class ReservationDraftSchema(Schema):
    """Definition ``ReservationDraft``."""

    lines = up_to(100, fields.Nested(ReservationLineDraftSchema), low=1, required=True)
    ttl_seconds = whole(1, 2_592_000, load_default=_TTL_SECONDS)


class ReservationOperationSchema(Schema):
    """Definition ``ReservationOperation``."""

    op = fields.String(required=True, validate=validate.OneOf(["reserve", "commit", "release"]))
    order_id = text(1, 64, _ANY_ID, required=True)
    lines = up_to(100, fields.Nested(ReservationLineDraftSchema), low=1)
    ttl_seconds = whole(1, 2_592_000)

    @validates_schema
    def _fits_op(self, data: dict[str, Any], **_: Any) -> None:
        check_fields_of_op(data, {"reserve": ["lines"]}, {"reserve": ["ttl_seconds"]})

    @post_load
    def _with_ttl(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {"ttl_seconds": _TTL_SECONDS, **data}


class ReservationBatchSchema(Schema):
    """Definition ``ReservationBatch``."""

    operations = up_to(BATCH_MAX, fields.Nested(ReservationOperationSchema), low=1, required=True)

    def load(self, data: Any, **options: Any) -> Any:
        """Return the operations; raise ValidationError. Plain holds are read without a schema."""
        return plain.reservations(data, BATCH_MAX) or super().load(data, **options)


class ReservationLineSchema(Schema):
    """Definition ``ReservationLine``."""

    product_id = product_id()
    sku = text(1, 64, SKU, required=True)
    name = text(1, 200, required=True)
    unit_price = fields.Nested(MoneySchema, required=True)
    quantity = whole(1, 100_000_000, required=True)


class ReservationSchema(Schema):
    """Definition ``Reservation``."""

    order_id = text(1, 64, _ANY_ID, required=True)
    state = fields.String(
        required=True, validate=validate.OneOf(["held", "committed", "released", "expired"])
    )
    expires_at = Time()
    lines = up_to(100, fields.Nested(ReservationLineSchema), required=True)
    total = fields.Nested(MoneySchema)


def dump_reservation(reservation: Reservation) -> Any:
    """Return a reservation as JSON shows it."""
    total = reservation.total
    return only_set(
        orderId=reservation.order_id,
        state=reservation.state.value,
        expiresAt=rfc3339(reservation.expires_at) if reservation.expires_at else None,
        lines=[_dump_line(line) for line in reservation.lines],
        total=money(total) if total else None,
    )


def _dump_line(line: Line) -> dict[str, Any]:
    return {
        "productId": line.product_id,
        "sku": line.sku,
        "name": line.name,
        "unitPrice": money(line.unit_price),
        "quantity": line.quantity,
    }


def encode_reservation(reservation: Reservation) -> Representation:
    """Return a reservation as it goes over the wire."""
    return Representation(reservation.version, orjson.dumps(dump_reservation(reservation)))

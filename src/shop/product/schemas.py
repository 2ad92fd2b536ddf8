"""Between JSON and the model. Each schema is the definition of its name in swagger.yaml."""

from typing import Any

import orjson
from marshmallow import fields, post_load, validate, validates_schema

from shop.common.clock import rfc3339
from shop.common.representation import Representation
from shop.common.web.schema import (
    BATCH_MAX,
    NOT_BLANK,
    MoneySchema,
    Names,
    OutcomeSchema,
    OutcomesSchema,
    Schema,
    Time,
    check_fields_of_op,
    text,
    up_to,
    whole,
)
from shop.common.web.shown import money, only_set
from shop.product.model import Adjustment, Product, ProductDetails, Reservation

_SKU = r"^[A-Za-z0-9._-]{1,64}$"
_ANY_ID = r"^[A-Za-z0-9_-]{1,64}$"
_STOCK_MAX = 2**53 - 1
_TTL_SECONDS = 900

__all__ = ["OutcomeSchema", "OutcomesSchema"]  # shared, and definitions of this service's file too


def _attributes(**options: Any) -> Names:
    value = fields.String(validate=validate.Length(max=500), **options)
    return Names(fields.String(), value, validate=validate.Length(max=50), **options)


def _product_id() -> fields.String:
    return text(30, 30, r"^prd_[0-9a-z]{26}$", required=True)


class _DetailsSchema(Schema):
    sku = text(1, 64, _SKU, required=True)
    name = text(1, 200, NOT_BLANK, required=True)
    description = text(0, 5000)
    category = text(1, 100, NOT_BLANK)
    price = fields.Nested(MoneySchema, required=True)
    attributes = _attributes()


class ProductReplacementSchema(_DetailsSchema):
    """Definition ``ProductReplacement``."""

    model = ProductDetails


class ProductDraftSchema(_DetailsSchema):
    """Definition ``ProductDraft``; loads as the arguments of ``Catalogue.create``."""

    initial_stock = whole(0, 1_000_000_000, load_default=0)

    def load(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        """Return the details and the stock apart."""
        draft: dict[str, Any] = super().load(*arguments, **options)
        stock = draft.pop("initial_stock")
        return {"details": ProductDetails(**draft), "initial_stock": stock}


class MoneyPatchSchema(Schema):
    """Definition ``MoneyPatch``."""

    amount = whole(0, 10**12)
    currency = text(3, 3, r"^[A-Z]{3}$")


class ProductPatchSchema(Schema):
    """Definition ``ProductPatch``."""

    sku = text(1, 64, _SKU)
    name = text(1, 200, NOT_BLANK)
    description = text(0, 5000, allow_none=True)
    category = text(1, 100, NOT_BLANK, allow_none=True)
    price = fields.Nested(MoneyPatchSchema)
    attributes = _attributes(allow_none=True)


class StockSchema(Schema):
    """Definition ``Stock``."""

    on_hand = whole(0, _STOCK_MAX, required=True)
    reserved = whole(0, _STOCK_MAX, required=True)
    available = whole(0, _STOCK_MAX, required=True)


class ProductSchema(_DetailsSchema):
    """Definition ``Product``."""

    class Meta(Schema.Meta):
        """In the order in which they are shown."""

        fields = (
            *("id", "sku", "name", "description", "category", "price", "attributes"),
            *("stock", "created_at", "updated_at"),
        )

    id = _product_id()
    attributes = _attributes(required=True)
    stock = fields.Nested(StockSchema, required=True)
    created_at = Time(required=True)
    updated_at = Time(required=True)

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        """Look into a product's details too."""
        return super().get_attribute(obj if hasattr(obj, attr) else obj.details, attr, default)


class StockAdjustmentDraftSchema(Schema):
    """Definition ``StockAdjustmentDraft``."""

    delta = whole(-1_000_000_000, 1_000_000_000, required=True)
    reason = text(1, 200, NOT_BLANK, required=True)


class StockAdjustmentSchema(StockAdjustmentDraftSchema):
    """Definition ``StockAdjustment``."""

    class Meta(Schema.Meta):
        """In the order in which they are shown."""

        fields = ("id", "product_id", "delta", "reason", "stock", "created_at")

    id = text(30, 30, r"^adj_[0-9a-z]{26}$", required=True)
    product_id = _product_id()
    stock = fields.Nested(StockSchema, required=True)
    created_at = Time(required=True)


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


class ReservationLineSchema(Schema):
    """Definition ``ReservationLine``."""

    product_id = _product_id()
    sku = text(1, 64, _SKU, required=True)
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


_adjustment = StockAdjustmentSchema()
_reservation = ReservationSchema()


def dump_product(product: Product) -> dict[str, Any]:
    """Return a product as JSON shows it."""
    details, stock = product.details, product.stock
    return only_set(
        id=product.id,
        sku=details.sku,
        name=details.name,
        description=details.description,
        category=details.category,
        price=money(details.price),
        attributes=dict(details.attributes),
        stock={"onHand": stock.on_hand, "reserved": stock.reserved, "available": stock.available},
        createdAt=rfc3339(product.created_at),
        updatedAt=rfc3339(product.updated_at),
    )


def encode_product(product: Product) -> Representation:
    """Return a product as it goes over the wire."""
    return Representation(product.version, orjson.dumps(dump_product(product)))


def dump_adjustment(adjustment: Adjustment) -> Any:
    """Return a stock adjustment as JSON shows it."""
    return _adjustment.dump(adjustment)


def encode_adjustment(adjustment: Adjustment) -> Representation:
    """Return a stock adjustment as it goes over the wire; it never changes."""
    return Representation(1, orjson.dumps(_adjustment.dump(adjustment)))


def dump_reservation(reservation: Reservation) -> Any:
    """Return a reservation as JSON shows it."""
    return _reservation.dump(reservation)


def encode_reservation(reservation: Reservation) -> Representation:
    """Return a reservation as it goes over the wire."""
    return Representation(reservation.version, orjson.dumps(_reservation.dump(reservation)))

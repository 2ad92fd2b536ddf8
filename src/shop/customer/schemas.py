"""Between JSON and the model. Each schema is the definition of its name in swagger.yaml."""

from typing import Any

import orjson
from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from shop.common.clock import rfc3339
from shop.common.representation import Representation
from shop.common.web.schema import (
    BATCH_MAX,
    NOT_BLANK,
    AddressSchema,
    GivenTime,
    MoneySchema,
    OutcomeSchema,
    OutcomesSchema,
    Schema,
    Time,
    check_fields_of_op,
    one_of,
    text,
    up_to,
    whole,
)
from shop.common.web.shown import address, money, only_set
from shop.customer import plain
from shop.customer.model import (
    PRICELESS,
    Customer,
    CustomerDetails,
    CustomerStatus,
    Erasure,
    OrderLink,
    OrderLinkDetails,
    OrderStatus,
)

_EMAIL = r"^[!-?A-~]+@[!-?A-~]+\.[!-?A-~]+$"
_PHONE = r"^\+?[0-9 ()-]{3,30}$"
_ANY_ID = r"^[A-Za-z0-9_-]{1,64}$"
_TOLD = ("status", "total", "placed_at", "order_version")

__all__ = ["OutcomeSchema", "OutcomesSchema"]  # shared, and definitions of this service's file too


class CustomerDraftSchema(Schema):
    """Definition ``CustomerDraft``."""

    model = CustomerDetails
    email = text(5, 254, _EMAIL, required=True)
    first_name = text(1, 100, NOT_BLANK, required=True)
    last_name = text(1, 100, NOT_BLANK, required=True)
    phone = text(3, 31, _PHONE)
    addresses = up_to(20, fields.Nested(AddressSchema))


class CustomerPatchSchema(Schema):
    """Definition ``CustomerPatch``."""

    email = text(5, 254, _EMAIL)
    first_name = text(1, 100, NOT_BLANK)
    last_name = text(1, 100, NOT_BLANK)
    phone = text(3, 31, _PHONE, allow_none=True)
    addresses = up_to(20, fields.Nested(AddressSchema), allow_none=True)


class CustomerSchema(CustomerDraftSchema):
    """Definition ``Customer``."""

    class Meta(Schema.Meta):
        """In the order in which they are shown."""

        fields = (
            *("id", "email", "first_name", "last_name", "phone", "addresses"),
            *("status", "created_at", "updated_at"),
        )

    id = text(30, 30, r"^cus_[0-9a-z]{26}$", required=True)
    addresses = up_to(20, fields.Nested(AddressSchema), required=True)
    status = one_of(CustomerStatus, required=True)
    created_at = Time(required=True)
    updated_at = Time(required=True)


class CustomerFeedItemSchema(Schema):
    """Definition ``CustomerFeedItem``: what the feed writes by hand."""

    id = text(1, 64, _ANY_ID, required=True)
    version = whole(1, 2**53 - 1)
    etag = text(3, 100, r'^"[1-9][0-9]*"$')
    resource = fields.Nested(CustomerSchema)


class OrderLinkDraftSchema(Schema):
    """Definition ``OrderLinkDraft``."""

    model = OrderLinkDetails
    status = one_of(OrderStatus, required=True)
    total = fields.Nested(MoneySchema, required=True, allow_none=True)
    placed_at = GivenTime(required=True)
    order_version = whole(1, 2**53 - 1, required=True)

    @validates_schema
    def _knows_total(self, data: dict[str, Any], **_: Any) -> None:
        _check_total(data)


def _check_total(data: dict[str, Any]) -> None:
    if data["total"] is None and data["status"] not in PRICELESS:
        raise ValidationError("Only a pending or rejected order may have no total.", "total")


class OrderLinkOperationSchema(Schema):
    """Definition ``OrderLinkOperation``."""

    op = fields.String(required=True, validate=validate.OneOf(["link", "unlink"]))
    customer_id = text(1, 64, _ANY_ID, required=True)
    order_id = text(1, 64, _ANY_ID, required=True)
    status = one_of(OrderStatus)
    total = fields.Nested(MoneySchema, allow_none=True)
    placed_at = GivenTime()
    order_version = whole(0, 2**53 - 1)

    @validates_schema
    def _fits_op(self, data: dict[str, Any], **_: Any) -> None:
        check_fields_of_op(data, {"link": _TOLD}, {"unlink": ["order_version"]})
        if data["op"] == "link":
            _check_total(data)
            if not data["order_version"]:
                raise ValidationError("Must be 1 at least to link.", "orderVersion")

    @post_load
    def _as_told(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Put what is told of an order together, as it is for one link."""
        if data["op"] == "unlink":
            return {"order_version": 0, **data}
        told = OrderLinkDetails(**{name: data.pop(name) for name in _TOLD})
        return {**data, "details": told}


class OrderLinkBatchSchema(Schema):
    """Definition ``OrderLinkBatch``."""

    operations = up_to(BATCH_MAX, fields.Nested(OrderLinkOperationSchema), low=1, required=True)

    def load(self, data: Any, **options: Any) -> Any:
        """Return the operations; raise ValidationError. Plain links are read without a schema."""
        return plain.links(data, BATCH_MAX) or super().load(data, **options)


class OrderLinkSchema(Schema):
    """Definition ``OrderLink``."""

    customer_id = text(30, 30, r"^cus_[0-9a-z]{26}$", required=True)
    order_id = text(1, 64, r"^[A-Za-z0-9_-]{1,64}$", required=True)
    status = one_of(OrderStatus, required=True)
    total = fields.Nested(MoneySchema, required=True, allow_none=True)
    placed_at = Time(required=True)
    order_version = whole(1, 2**53 - 1, required=True)
    customer_status = one_of(CustomerStatus)
    linked_at = Time(required=True)
    updated_at = Time(required=True)


class CustomerErasureSchema(Schema):
    """Definition ``CustomerErasure``."""

    customer_id = text(30, 30, r"^cus_[0-9a-z]{26}$", required=True)
    erased_at = Time(required=True)


def dump_customer(customer: Customer) -> dict[str, Any]:
    """Return a customer as JSON shows it."""
    return only_set(
        id=customer.id,
        email=customer.email,
        firstName=customer.first_name,
        lastName=customer.last_name,
        phone=customer.phone,
        addresses=[address(each) for each in customer.addresses],
        status=customer.status.value,
        createdAt=rfc3339(customer.created_at),
        updatedAt=rfc3339(customer.updated_at),
    )


def encode_customer(customer: Customer) -> Representation:
    """Return a customer as it goes over the wire."""
    return Representation(customer.version, orjson.dumps(dump_customer(customer)))


def dump_link(link: OrderLink) -> dict[str, Any]:
    """Return a link as JSON shows it."""
    known = {"customerStatus": link.customer_status.value} if link.customer_status else {}
    return {
        "customerId": link.customer_id,
        "orderId": link.order_id,
        "status": link.status.value,
        "total": money(link.total) if link.total else None,
        "placedAt": rfc3339(link.placed_at),
        "orderVersion": link.order_version,
        **known,
        "linkedAt": rfc3339(link.linked_at),
        "updatedAt": rfc3339(link.updated_at),
    }


def dump_erasure(erasure: Erasure) -> dict[str, Any]:
    """Return the trace of a deleted customer as JSON shows it."""
    return {"customerId": erasure.customer_id, "erasedAt": rfc3339(erasure.erased_at)}


def encode_link(link: OrderLink) -> Representation:
    """Return a link as it goes over the wire."""
    return Representation(link.version, orjson.dumps(dump_link(link)))

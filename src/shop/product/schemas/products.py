"""Products between JSON and the model."""

from typing import Any

import orjson
from marshmallow import fields, validate

from shop.common.clock import rfc3339
from shop.common.representation import Representation
from shop.common.web.schema import NOT_BLANK, MoneySchema, Names, Schema, Time, text, whole
from shop.common.web.shown import money
from shop.product.model import Product, ProductDetails

SKU = r"^[A-Za-z0-9._-]{1,64}$"
_STOCK_MAX = 2**53 - 1


def _attributes(**options: Any) -> Names:
    value = fields.String(validate=validate.Length(max=500), **options)
    return Names(fields.String(), value, validate=validate.Length(max=50), **options)


def product_id() -> fields.String:
    """Return the field of a product's id."""
    return text(30, 30, r"^prd_[0-9a-z]{26}$", required=True)


class _DetailsSchema(Schema):
    sku = text(1, 64, SKU, required=True)
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

    sku = text(1, 64, SKU)
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

    id = product_id()
    attributes = _attributes(required=True)
    stock = fields.Nested(StockSchema, required=True)
    created_at = Time(required=True)
    updated_at = Time(required=True)

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        """Look into a product's details too."""
        return super().get_attribute(obj if hasattr(obj, attr) else obj.details, attr, default)


def dump_product(product: Product) -> dict[str, Any]:
    """Return a product as JSON shows it."""
    details, stock = product.details, product.stock
    shown: dict[str, Any] = {"id": product.id, "sku": details.sku, "name": details.name}
    if details.description is not None:
        shown["description"] = details.description
    if details.category is not None:
        shown["category"] = details.category
    shown["price"] = money(details.price)
    shown["attributes"] = details.attributes
    shown["stock"] = _stock(stock.on_hand, stock.reserved)
    shown["createdAt"] = rfc3339(product.created_at)
    shown["updatedAt"] = rfc3339(product.updated_at)
    return shown


def _stock(on_hand: int, reserved: int) -> dict[str, int]:
    return {"onHand": on_hand, "reserved": reserved, "available": on_hand - reserved}


def encode_product(product: Product) -> Representation:
    """Return a product as it goes over the wire."""
    return Representation(product.version, orjson.dumps(dump_product(product)))

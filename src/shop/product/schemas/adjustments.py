"""Stock adjustments between JSON and the model."""

from typing import Any

import orjson
from marshmallow import fields

from shop.common.representation import Representation
from shop.common.web.schema import NOT_BLANK, Schema, Time, text, whole
from shop.product.model import Adjustment
from shop.product.schemas.products import StockSchema, product_id


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
    product_id = product_id()
    stock = fields.Nested(StockSchema, required=True)
    created_at = Time(required=True)


_adjustment = StockAdjustmentSchema()


def dump_adjustment(adjustment: Adjustment) -> Any:
    """Return a stock adjustment as JSON shows it."""
    return _adjustment.dump(adjustment)


def encode_adjustment(adjustment: Adjustment) -> Representation:
    """Return a stock adjustment as it goes over the wire; it never changes."""
    return Representation(1, orjson.dumps(_adjustment.dump(adjustment)))

"""Between JSON and the model. Each schema is the definition of its name in swagger.yaml."""

from shop.common.web.schema import MoneySchema, OutcomeSchema, OutcomesSchema
from shop.product.schemas.adjustments import (
    StockAdjustmentDraftSchema,
    StockAdjustmentSchema,
    dump_adjustment,
    encode_adjustment,
)
from shop.product.schemas.products import (
    MoneyPatchSchema,
    ProductDraftSchema,
    ProductPatchSchema,
    ProductReplacementSchema,
    ProductSchema,
    StockSchema,
    dump_product,
    encode_product,
)
from shop.product.schemas.reservations import (
    ReservationBatchSchema,
    ReservationDraftSchema,
    ReservationLineDraftSchema,
    ReservationLineSchema,
    ReservationOperationSchema,
    ReservationSchema,
    dump_reservation,
    encode_reservation,
)
from shop.product.schemas.stored import dump_stored, encode_stored

__all__ = [
    "MoneyPatchSchema",
    "MoneySchema",
    "OutcomeSchema",
    "OutcomesSchema",
    "ProductDraftSchema",
    "ProductPatchSchema",
    "ProductReplacementSchema",
    "ProductSchema",
    "ReservationBatchSchema",
    "ReservationDraftSchema",
    "ReservationLineDraftSchema",
    "ReservationLineSchema",
    "ReservationOperationSchema",
    "ReservationSchema",
    "StockAdjustmentDraftSchema",
    "StockAdjustmentSchema",
    "StockSchema",
    "dump_adjustment",
    "dump_product",
    "dump_reservation",
    "dump_stored",
    "encode_adjustment",
    "encode_product",
    "encode_reservation",
    "encode_stored",
]

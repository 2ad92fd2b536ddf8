"""From the reason why an order was rejected to the error that its caller is told."""

import re
from collections.abc import Mapping
from typing import Any

from shop.common.errors import FieldError, ShopError
from shop.order.errors import (
    InactiveCustomer,
    InsufficientStock,
    MixedCurrencies,
    OrderRejected,
    PriceChanged,
    TotalTooLarge,
    UnknownCustomer,
    UnknownProduct,
)
from shop.order.model import Draft, Order, Reason

_LINE = re.compile(r"^#/lines/(\d{1,4})(/.*)?$")
_KINDS: Mapping[str, type[ShopError]] = {
    kind.code: kind
    for kind in (
        InactiveCustomer,
        InsufficientStock,
        MixedCurrencies,
        PriceChanged,
        TotalTooLarge,
        UnknownCustomer,
        UnknownProduct,
    )
}


def rejection(order: Order, draft: Draft) -> ShopError:
    """Return the error for a rejected order; it carries ``orderId`` and the reason's members."""
    reason = order.reason or Reason("unknown", "it is not known why")
    kind = _KINDS.get(reason.code)
    members = {k: v for k, v in reason.members.items() if k != "errors"} | {"orderId": order.id}
    detail = f"The order was rejected: {reason.detail.rstrip('.')}."
    fields = _fields(order, reason, draft)
    if kind is None:
        return OrderRejected(detail, fields=fields, reason=reason.code, **members)
    return kind(detail, fields=fields, **members)


def _fields(order: Order, reason: Reason, draft: Draft) -> list[FieldError]:
    if reason.code in (UnknownCustomer.code, InactiveCustomer.code):
        return [FieldError("#/customerId", reason.detail)]
    errors: list[dict[str, Any]] = reason.members.get("errors", [])
    return [FieldError(_as_drafted(str(e["pointer"]), order, draft), e["detail"]) for e in errors]


def _as_drafted(pointer: str, order: Order, draft: Draft) -> str:
    """Return the pointer to the caller's line for one to the line that product was asked for."""
    found = _LINE.match(pointer)
    if found is None or int(found[1]) >= len(order.lines):
        return pointer
    product_id = order.lines[int(found[1])].product_id
    index = [line.product_id for line in draft.lines].index(product_id)
    return f"#/lines/{index}{found[2] or ''}"

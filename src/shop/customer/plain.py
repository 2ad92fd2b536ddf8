"""Links as the order service sends them, read by hand: as the schemas do, at a tenth of the cost.

What is the least unusual is left to the schemas: they say what is wrong with it, if anything is.
"""

import re
from typing import Any

from shop.common.clock import of_rfc3339
from shop.common.money import AMOUNT_MAX, Money
from shop.customer.model import PRICELESS, OrderLinkDetails, OrderStatus

_KEYS = {"op", "customerId", "orderId", "status", "total", "placedAt", "orderVersion"}
_STATUS = {status.value: status for status in OrderStatus}
_is_id = re.compile(r"[A-Za-z0-9_-]{1,64}").fullmatch
_is_currency = re.compile(r"[A-Z]{3}").fullmatch


def links(data: Any, most: int) -> dict[str, Any] | None:
    """Return a batch of nothing but plain links; None: the schema has to look at it."""
    if type(data) is not dict or data.keys() != {"operations"}:
        return None
    operations = data["operations"]
    if type(operations) is not list or not 1 <= len(operations) <= most:
        return None
    read = tuple(map(_link, operations))
    return None if None in read else {"operations": read}


def _link(data: Any) -> dict[str, Any] | None:
    if type(data) is not dict or data.keys() != _KEYS or data["op"] != "link":
        return None
    customer_id, order_id = data["customerId"], data["orderId"]
    if type(customer_id) is not str or type(order_id) is not str:
        return None
    if not _is_id(customer_id) or not _is_id(order_id):
        return None
    details = _details(data)
    if details is None:
        return None
    return {"op": "link", "customer_id": customer_id, "order_id": order_id, "details": details}


def _details(data: dict[str, Any]) -> OrderLinkDetails | None:
    version, given, placed_at = data["orderVersion"], data["status"], data["placedAt"]
    status = _STATUS.get(given) if type(given) is str else None
    if status is None or type(version) is not int or not 1 <= version < 2**53:
        return None
    if type(placed_at) is not str or not 20 <= len(placed_at) <= 35:
        return None
    total = None if data["total"] is None else _money(data["total"])
    if total is None and (data["total"] is not None or status not in PRICELESS):
        return None
    try:
        at = of_rfc3339(placed_at)
    except ValueError:
        return None
    return OrderLinkDetails(status=status, total=total, placed_at=at, order_version=version)


def _money(data: Any) -> Money | None:
    if type(data) is not dict or data.keys() != {"amount", "currency"}:
        return None
    amount, currency = data["amount"], data["currency"]
    if type(amount) is not int or not 0 <= amount <= AMOUNT_MAX:
        return None
    return Money(amount, currency) if type(currency) is str and _is_currency(currency) else None

"""Reservations as the order service asks for them, read by hand: at a tenth of the schemas' cost.

What is the least unusual is left to the schemas: they say what is wrong with it, if anything is.
"""

import re
from typing import Any

_is_id = re.compile(r"[A-Za-z0-9_-]{1,64}").fullmatch


def reservations(data: Any, most: int) -> dict[str, Any] | None:
    """Return a batch of nothing but plain holds; None: the schema has to look at it."""
    if type(data) is not dict or data.keys() != {"operations"}:
        return None
    operations = data["operations"]
    if type(operations) is not list or not 1 <= len(operations) <= most:
        return None
    read = tuple(map(_hold, operations))
    return None if None in read else {"operations": read}


def _hold(data: Any) -> dict[str, Any] | None:
    if type(data) is not dict or data.keys() != {"op", "orderId", "lines", "ttlSeconds"}:
        return None
    order_id, lines, ttl_s = data["orderId"], data["lines"], data["ttlSeconds"]
    if data["op"] != "reserve" or type(order_id) is not str or not _is_id(order_id):
        return None
    if type(ttl_s) is not int or not 1 <= ttl_s <= 2_592_000:
        return None
    if type(lines) is not list or not 1 <= len(lines) <= 100:
        return None
    read = tuple(map(_line, lines))
    if None in read:
        return None
    return {"op": "reserve", "order_id": order_id, "lines": read, "ttl_seconds": ttl_s}


def _line(data: Any) -> dict[str, Any] | None:
    if type(data) is not dict or data.keys() != {"productId", "quantity"}:
        return None
    product_id, quantity = data["productId"], data["quantity"]
    if type(product_id) is not str or not _is_id(product_id):
        return None
    if type(quantity) is not int or not 1 <= quantity <= 1_000_000:
        return None
    return {"product_id": product_id, "quantity": quantity}

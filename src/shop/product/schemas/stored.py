"""Products from the database to JSON, without the model in between: for reads.

The model's objects are more than half of what a product in a list costs, and a read has no use for
them. A test holds that both show the same.
"""

from typing import Any

import orjson

from shop.common.clock import rfc3339
from shop.common.representation import Representation


def dump_stored(document: dict[str, Any]) -> dict[str, Any]:
    """Return a product as JSON shows it; ``document``: as the repository stores it."""
    shown = {"id": document["_id"], "sku": document["sku"], "name": document["name"]}
    for optional in ("description", "category"):
        if optional in document:
            shown[optional] = document[optional]
    price, stock = document["price"], document["stock"]
    on_hand, reserved = stock["onHand"], stock["reserved"]
    shown["price"] = {"amount": price["amount"], "currency": price["currency"]}
    shown["attributes"] = dict(document["attributes"])
    shown["stock"] = {"onHand": on_hand, "reserved": reserved, "available": on_hand - reserved}
    shown["createdAt"] = rfc3339(document["createdAt"])
    shown["updatedAt"] = rfc3339(document["updatedAt"])
    return shown


def encode_stored(document: dict[str, Any]) -> Representation:
    """Return a product as it goes over the wire."""
    return Representation(document["version"], orjson.dumps(dump_stored(document)))

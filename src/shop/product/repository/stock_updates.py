"""The updates that a movement makes to one product.

Each carries its own conditions, so it does not matter how late or how often it arrives: the mark
of the movement is not there yet, the lease has not passed by the database's own clock, and what
it takes is available.
"""

from collections.abc import Sequence
from typing import Any

from pymongo import UpdateOne

from shop.common.mongo import Document
from shop.product.model import Movement, Op


def applied(movement: Movement, product_id: str, closed: Sequence[str]) -> UpdateOne:
    """Change the stock and leave a mark; erase the marks of ``closed`` movements on the way."""
    change = movement.change(product_id)
    conditions: list[Any] = [{"$lt": ["$$NOW", movement.until]}]
    if change.available < 0:
        available = {"$subtract": ["$stock.onHand", "$stock.reserved"]}
        conditions.append({"$gte": [available, -change.available]})
    guard = _unmarked(movement, product_id) | {"$expr": {"$and": conditions}}
    stock = {
        "onHand": {"$add": ["$stock.onHand", change.on_hand]},
        "reserved": {"$add": ["$stock.reserved", change.reserved]},
    }
    # An adjustment tells what there was right after it, so its mark has to remember that.
    outcome = {"stock": stock} if movement.op is Op.ADJUST else {}
    changed = {
        "stock": stock,
        "version": {"$add": ["$version", 1]},
        "updatedAt": {"$max": ["$updatedAt", "$$NOW"]},
        "marks": _and(_without(closed), {"$literal": _mark(movement)}, outcome),
    }
    return UpdateOne(guard, [{"$set": changed}])


def sealed(movement: Movement, product_id: str) -> UpdateOne:
    """Leave a void mark where there is none."""
    return UpdateOne(_unmarked(movement, product_id), {"$push": {"marks": _void_mark(movement)}})


def undone(movement: Movement, product_id: str) -> UpdateOne:
    """Leave a void mark, and take the change back where it has been made."""
    change = movement.change(product_id)
    times = {"$cond": [{"$in": [movement.id, "$marks.id"]}, 1, 0]}
    guard = {
        "_id": product_id,
        "marks": {"$not": {"$elemMatch": {"id": movement.id, "void": True}}},
    }
    changed = {
        "stock.onHand": {"$subtract": ["$stock.onHand", {"$multiply": [times, change.on_hand]}]},
        "stock.reserved": {
            "$subtract": ["$stock.reserved", {"$multiply": [times, change.reserved]}]
        },
        "version": {"$add": ["$version", times]},
        "updatedAt": {"$max": ["$updatedAt", "$$NOW"]},
        "marks": _and(_without([movement.id]), {"$literal": _void_mark(movement)}),
    }
    return UpdateOne(guard, [{"$set": changed}])


def erased(product_id: str, movement_ids: Sequence[str]) -> UpdateOne:
    """Erase the marks of some movements."""
    return UpdateOne({"_id": product_id}, {"$pull": {"marks": {"id": {"$in": list(movement_ids)}}}})


def _unmarked(movement: Movement, product_id: str) -> Document:
    return {"_id": product_id, "marks.id": {"$ne": movement.id}}


def _mark(movement: Movement) -> Document:
    return {"id": movement.id, "of": movement.of, "until": movement.until}


def _void_mark(movement: Movement) -> Document:
    return _mark(movement) | {"void": True}


def _without(movement_ids: Sequence[str]) -> Any:
    if not movement_ids:
        return "$marks"
    others = {"$not": {"$in": ["$$this.id", list(movement_ids)]}}
    return {"$filter": {"input": "$marks", "cond": others}}


def _and(marks: Any, *mark: Document) -> Document:
    return {"$concatArrays": [marks, [{"$mergeObjects": list(mark)}]]}

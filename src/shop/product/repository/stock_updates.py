"""The updates that movements make to one product.

Each carries its own conditions, so it does not matter how late or how often it arrives: the mark
of the movement is not there yet, the lease has not passed by the database's own clock, and what
it takes is available.
"""

from collections.abc import Sequence
from typing import Any

from pymongo import UpdateOne

from shop.common.mongo import Document
from shop.product.model import Movement, Op, Stock


def applied(movements: Sequence[Movement], product_id: str, closed: Sequence[str]) -> UpdateOne:
    """Change the stock by all the movements, or by none, and leave the mark of each.

    Erases the marks of ``closed`` movements on the way. An adjustment goes alone.

    The conditions stand in the expression: what is named by its id alone is found without a plan
    of the query, which would cost as much as the change. What does not meet them is not modified.
    """
    changes = [movement.change(product_id) for movement in movements]
    stock = {
        "onHand": {"$add": ["$stock.onHand", sum(change.on_hand for change in changes)]},
        "reserved": {"$add": ["$stock.reserved", sum(change.reserved for change in changes)]},
    }
    # An adjustment tells what there was right after it, so its mark has to remember that.
    outcome = {"stock": stock} if movements[0].op is Op.ADJUST else {}
    new = [_mark(each) | _taken(each, product_id) for each in movements]
    marks = [{"$mergeObjects": [{"$literal": mark}, outcome]} for mark in new]
    changed = {
        "stock": stock,
        "version": {"$add": ["$version", len(movements)]},
        "updatedAt": {"$max": ["$updatedAt", "$$NOW"]},
        "marks": {"$concatArrays": [_without(closed), marks]},
        "marked": True,
    }
    merged = {"$mergeObjects": ["$$ROOT", changed]}
    guard = _applicable(movements, changes)
    return UpdateOne({"_id": product_id}, [{"$replaceWith": {"$cond": [guard, merged, "$$ROOT"]}}])


def _applicable(movements: Sequence[Movement], changes: Sequence[Stock]) -> Document:
    """Return the condition: no mark is there yet, no lease has passed, and there is enough.

    What some give back may be taken by others: there is an order in which each has enough.
    """
    ids = [movement.id for movement in movements]
    conditions: list[Any] = [
        {"$lt": ["$$NOW", min(movement.until for movement in movements)]},
        {"$eq": [{"$setIntersection": ["$marks.id", ids]}, []]},
    ]
    if any(change.available < 0 for change in changes):
        left = sum(change.available for change in changes)
        available = {"$subtract": ["$stock.onHand", "$stock.reserved"]}
        conditions.append({"$gte": [available, -left]})
    return {"$and": conditions}


def sealed(movement: Movement, product_id: str) -> UpdateOne:
    """Leave a void mark where there is none."""
    change = {"$push": {"marks": _void_mark(movement)}, "$set": {"marked": True}}
    return UpdateOne(_unmarked(movement, product_id), change)


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
        "marked": True,
    }
    return UpdateOne(guard, [{"$set": changed}])


def erased(product_id: str, movement_ids: Sequence[str]) -> UpdateOne:
    """Erase the marks of some movements; ``marked`` tells whether there are others."""
    marked = {"$cond": [{"$eq": ["$marks", []]}, "$$REMOVE", True]}
    change = [{"$set": {"marks": _without(movement_ids)}}, {"$set": {"marked": marked}}]
    return UpdateOne({"_id": product_id}, change)


def _unmarked(movement: Movement, product_id: str) -> Document:
    return {"_id": product_id, "marks.id": {"$ne": movement.id}}


def _mark(movement: Movement) -> Document:
    return {"id": movement.id, "of": movement.of, "until": movement.until}


def _taken(movement: Movement, product_id: str) -> Document:
    """Return what tells how much to give back: until a take is decided no journal does."""
    return {"taken": movement.pieces[product_id]} if movement.op is Op.TAKE else {}


def _void_mark(movement: Movement) -> Document:
    return _mark(movement) | {"void": True}


def _without(movement_ids: Sequence[str]) -> Any:
    if not movement_ids:
        return "$marks"
    others = {"$not": {"$in": ["$$this.id", list(movement_ids)]}}
    return {"$filter": {"input": "$marks", "cond": others}}


def _and(marks: Any, *mark: Document) -> Document:
    return {"$concatArrays": [marks, [{"$mergeObjects": list(mark)}]]}

"""The updates that movements make to products.

Each carries its own conditions, so it does not matter how late or how often it arrives: the mark
of the movement is not there yet, the lease has not passed by the database's own clock, the product
is of the edition that it was priced by, and what is taken is available.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pymongo import UpdateMany, UpdateOne

from shop.common.mongo import Document
from shop.product.model import Movement, Op

Closed = Mapping[str, Sequence[str]]
"""The ids of movements whose marks go, by product."""


def applied(groups: Mapping[str, Sequence[Movement]], closed: Closed) -> UpdateMany:
    """Change the stock of each product by all of its movements, or by none, and mark it.

    Erases the marks of ``closed`` movements on the way. An adjustment goes alone.

    One update is for all: what is different of each product stands in a row that it finds by its
    id. To understand an update for each costs the server half as much again, and us to write it.
    The conditions stand in the expression, and the products are named by their ids alone: to plan
    a query costs as much as the change. What does not meet them is not modified.
    """
    rows = [_row(p, movements, closed.get(p, ())) for p, movements in groups.items()]
    position = {"$indexOfArray": [{"$literal": [*groups]}, "$_id"]}
    stock = {
        "onHand": {"$add": ["$stock.onHand", "$$row.onHand"]},
        "reserved": {"$add": ["$stock.reserved", "$$row.reserved"]},
    }
    changed = {
        "stock": stock,
        "version": {"$add": ["$version", {"$size": "$$row.ids"}]},
        "updatedAt": {"$max": ["$updatedAt", "$$NOW"]},
        "marks": {"$concatArrays": [_without("$$row.closed"), _marks(groups, stock)]},
        "marked": True,
    }
    merged = {"$mergeObjects": ["$$ROOT", changed]}
    row = {"$arrayElemAt": [{"$literal": rows}, position]}
    change = {"$cond": [_APPLICABLE, merged, "$$ROOT"]}
    named = {"_id": {"$in": [*groups]}} if len(groups) > 1 else {"_id": next(iter(groups))}
    return UpdateMany(named, [{"$replaceWith": {"$let": {"vars": {"row": row}, "in": change}}}])


_APPLICABLE: Document = {
    "$and": [
        {"$lt": ["$$NOW", "$$row.until"]},
        {"$eq": [{"$setIntersection": ["$marks.id", "$$row.ids"]}, []]},
        {"$setIsSubset": ["$$row.editions", ["$edition"]]},
        # Where nothing is taken ``least`` is null, which comes before all numbers.
        {"$gte": [{"$subtract": ["$stock.onHand", "$stock.reserved"]}, "$$row.least"]},
    ]
}
"""No mark is there yet, no lease has passed, the editions are right, and there is enough."""


def _row(product_id: str, movements: Sequence[Movement], closed: Sequence[str]) -> Document:
    """Return what the movements of one product want of it.

    What some give back may be taken by others: there is an order in which each has enough.
    """
    changes = [movement.change(product_id) for movement in movements]
    taking = any(change.available < 0 for change in changes)
    return {
        "ids": [movement.id for movement in movements],
        "until": min(movement.until for movement in movements),
        "onHand": sum(change.on_hand for change in changes),
        "reserved": sum(change.reserved for change in changes),
        "least": -sum(change.available for change in changes) if taking else None,
        "editions": sorted({m.editions[product_id] for m in movements if m.editions}),
        "marks": [_mark(each) | _taken(each, product_id) for each in movements],
        "closed": closed,
    }


def _marks(groups: Mapping[str, Sequence[Movement]], stock: Document) -> Any:
    """Return the new marks: that of an adjustment has to remember what there was right after it."""
    if any(each.op is Op.ADJUST for movements in groups.values() for each in movements):
        return [{"$mergeObjects": [{"$first": "$$row.marks"}, {"stock": stock}]}]
    return "$$row.marks"


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
        "marks": {"$concatArrays": [_without([movement.id]), [{"$literal": _void_mark(movement)}]]},
        "marked": True,
    }
    return UpdateOne(guard, [{"$set": changed}])


def erased(product_id: str, movement_ids: Sequence[str]) -> UpdateOne:
    """Erase the marks of some movements; ``marked`` stays, for those that may follow soon."""
    return UpdateOne({"_id": product_id}, [{"$set": {"marks": _without(movement_ids)}}])


def _unmarked(movement: Movement, product_id: str) -> Document:
    return {"_id": product_id, "marks.id": {"$ne": movement.id}}


def _mark(movement: Movement) -> Document:
    return {"id": movement.id, "of": movement.of, "until": movement.until}


def _taken(movement: Movement, product_id: str) -> Document:
    """Return what tells how much to give back: until a take is decided no journal does."""
    return {"taken": movement.pieces[product_id]} if movement.op is Op.TAKE else {}


def _void_mark(movement: Movement) -> Document:
    return _mark(movement) | {"void": True}


def _without(movement_ids: Sequence[str] | str) -> Document:
    """Return the marks but for those of some movements, which an expression may tell."""
    others = {"$not": {"$in": ["$$this.id", movement_ids]}}
    return {"$filter": {"input": "$marks", "cond": others}}

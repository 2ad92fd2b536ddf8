"""The indexes, one for each way in which the data is looked up."""

from pymongo import ASCENDING, DESCENDING, TEXT, IndexModel

from shop.common.mongo import Database, ensure_indexes

PRODUCTS = [
    IndexModel([("sku", ASCENDING)], name="sku", unique=True),
    IndexModel(
        [("name", TEXT), ("sku", TEXT), ("category", TEXT), ("description", TEXT)],
        name="words",
        weights={"name": 10, "sku": 10, "category": 5, "description": 1},
        default_language="english",
        language_override="textLanguage",
    ),
    # Equality, sort, range: a page reads index keys in the order it shows them.
    IndexModel(
        [("category", ASCENDING), ("_id", DESCENDING), ("price.amount", ASCENDING)],
        name="category_newest_price",
    ),
    IndexModel([("_id", DESCENDING), ("price.amount", ASCENDING)], name="newest_price"),
    # Not the marks themselves: what touches one index costs the keys of all, the stems of every
    # word included. From a product's first mark until it has rested no movement touches any.
    IndexModel([("marked", ASCENDING)], name="marked", sparse=True),
]

_MOVING = IndexModel(
    [("movement.until", ASCENDING)],
    name="moving",
    partialFilterExpression={"movement.until": {"$exists": True}},
)

RESERVATIONS = [
    IndexModel([("state", ASCENDING), ("_id", DESCENDING)], name="state_newest"),
    IndexModel(
        [("expiresAt", ASCENDING)],
        name="held_until",
        partialFilterExpression={"state": "held"},
    ),
    _MOVING,
    IndexModel([("purgeAt", ASCENDING)], name="purge", expireAfterSeconds=0, sparse=True),
]

ADJUSTMENTS = [
    IndexModel([("productId", ASCENDING), ("_id", DESCENDING)], name="product_newest"),
    _MOVING,
]


async def create_indexes(database: Database) -> None:
    """Create what is missing; several instances may do so at once."""
    await ensure_indexes(database["products"], PRODUCTS)
    await ensure_indexes(database["reservations"], RESERVATIONS)
    await ensure_indexes(database["stockAdjustments"], ADJUSTMENTS)

"""Documents from model objects, and back."""

from typing import Any

from shop.common.money import Money
from shop.common.mongo import Document
from shop.product.model import (
    Adjustment,
    Line,
    Movement,
    Op,
    Product,
    ProductDetails,
    Reservation,
    ShelfItem,
    State,
    Stock,
)


def money_document(money: Money) -> Document:
    """Return an amount of money as it is stored."""
    return {"amount": money.amount, "currency": money.currency}


def money_of(document: Document) -> Money:
    """Return a stored amount of money."""
    return Money(document["amount"], document["currency"])


def stock_of(document: Document) -> Stock:
    """Return a stored stock."""
    return Stock(document["onHand"], document["reserved"])


def details_document(details: ProductDetails) -> Document:
    """Return the details of a product as they are stored.

    Attributes are stored as pairs, because their names may be anything, dots and dollars included.
    """
    document: dict[str, Any] = {
        "sku": details.sku,
        "name": details.name,
        "price": money_document(details.price),
        "attributes": [[name, value] for name, value in details.attributes.items()],
        "description": details.description,
        "category": details.category,
    }
    return {name: value for name, value in document.items() if value is not None}


def product_document(product: Product) -> Document:
    """Return a new product as it is stored."""
    return {
        "_id": product.id,
        **details_document(product.details),
        "stock": {"onHand": product.stock.on_hand, "reserved": product.stock.reserved},
        "marks": [],
        "version": product.version,
        "edition": product.edition,
        "createdAt": product.created_at,
        "updatedAt": product.updated_at,
    }


def product_of(document: Document) -> Product:
    """Return a stored product."""
    return Product(
        document["_id"],
        ProductDetails(
            document["sku"],
            document["name"],
            money_of(document["price"]),
            document.get("description"),
            document.get("category"),
            dict(document["attributes"]),
        ),
        stock_of(document["stock"]),
        document["version"],
        document["edition"],
        document["createdAt"],
        document["updatedAt"],
    )


def shelf_item_of(document: Document) -> ShelfItem:
    """Return what has to be known of a stored product in order to sell it."""
    return ShelfItem(
        document["sku"],
        document["name"],
        money_of(document["price"]),
        document["edition"],
        stock_of(document["stock"]),
        document["now"],
    )


def line_document(line: Line) -> Document:
    """Return a line of a reservation as it is stored."""
    return {
        "productId": line.product_id,
        "sku": line.sku,
        "name": line.name,
        "unitPrice": money_document(line.unit_price),
        "quantity": line.quantity,
    }


def reservation_of(document: Document) -> Reservation:
    """Return a stored reservation."""
    lines = [
        Line(d["productId"], d["sku"], d["name"], money_of(d["unitPrice"]), d["quantity"])
        for d in document["lines"]
    ]
    return Reservation(
        document["_id"],
        State(document["state"]),
        lines,
        document.get("expiresAt"),
        document["createdAt"],
        document["version"],
        _movement(document, {line.product_id: line.quantity for line in lines}),
        document.get("takenBy"),
    )


def adjustment_of(document: Document) -> Adjustment:
    """Return a stored adjustment."""
    return Adjustment(
        document["_id"],
        document["productId"],
        document["delta"],
        document["reason"],
        document["createdAt"],
        stock_of(document["stock"]) if "stock" in document else None,
        _movement(document, {document["productId"]: document["delta"]}),
    )


def _movement(document: Document, pieces: dict[str, int]) -> Movement | None:
    stored = document.get("movement")
    if stored is None:
        return None
    return Movement(stored["id"], document["_id"], Op(stored["op"]), stored["until"], pieces)

"""A shop with many documents, written straight into MongoDB in the services' own shapes.

Everything is written before the services start: they then build their indexes in one go.
"""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from bench.speed import goods
from pymongo import AsyncMongoClient, WriteConcern

from shop.common.ids import new_id
from shop.common.money import Money
from shop.customer.model import Customer, CustomerStatus, OrderLinkDetails, OrderStatus
from shop.customer.repository.documents import from_customer, link_fields
from shop.order.documents import document as order_document
from shop.order.model import CustomerLink, Event, Item, Line, Order, Status
from shop.product.model import Product, ProductDetails, Stock
from shop.product.repository.documents import product_document

CUSTOMERS = 1000
_BATCH = 2000
_PRICE = Money(1999, "EUR")
_THEN = datetime.now(UTC).replace(microsecond=0) - timedelta(days=30)

Document = dict[str, Any]


async def fill(uri: str, name: str, count: int) -> tuple[list[str], list[str]]:
    """Write ``count`` products and as many orders, each with its link and its reservation.

    Returns the ids of the customers, and of a thousand products spread over the whole catalogue.
    """
    customers = [new_id("cus") for _ in range(CUSTOMERS)]
    products = [new_id("prd") for _ in range(count)]
    orders = [new_id("ord") for _ in range(count)]
    parts = {
        ("customer", "customers"): map(_customer, customers, range(CUSTOMERS)),
        ("product", "products"): map(_product, products, range(count)),
        ("order", "orders"): _orders(orders, customers, products),
        ("customer", "customerOrders"): _links(orders, customers),
        ("product", "reservations"): _reservations(orders, products),
    }
    async with AsyncMongoClient(uri) as client:
        for number, ((service, collection), documents) in enumerate(parts.items(), 1):
            print(f"  {collection} ({number} of {len(parts)})", flush=True)
            into = client[f"{name}_{service}"].get_collection(
                collection, write_concern=WriteConcern(w=1, j=False)
            )
            await _insert(into, documents)
    return customers, products[:: max(1, count // 1000)][:1000]


async def _insert(into: Any, documents: Iterable[Document]) -> None:
    """Insert in batches, the next being made while one is written."""
    rest, writing = iter(documents), None
    while batch := list(islice(rest, _BATCH)):
        if writing:
            await writing
        writing = asyncio.ensure_future(into.insert_many(batch, ordered=False))
        await asyncio.sleep(0)
    if writing:
        await writing


def _customer(customer_id: str, number: int) -> Document:
    customer = Customer(
        id=customer_id,
        email=f"{customer_id}@example.org",
        first_name="Ada",
        last_name=f"Lovelace {number}",
        status=CustomerStatus.ACTIVE,
        created_at=_THEN,
        updated_at=_THEN,
    )
    return from_customer(customer)


def _product(product_id: str, number: int) -> Document:
    shown = goods.product(number, "sku")
    details = ProductDetails(
        sku=f"sku-{number}",
        name=shown["name"],
        price=_PRICE,
        description=shown["description"],
        category=shown["category"],
        attributes=shown["attributes"],
    )
    return product_document(Product(product_id, details, Stock(goods.STOCK), 1, 1, _THEN, _THEN))


def _orders(orders: list[str], customers: list[str], products: list[str]) -> Iterator[Document]:
    """Return delivered orders: what has ended is most of what there is."""
    item = Item("sku-1", goods.name_of(1), _PRICE)
    placed = Event("placed", _THEN, status=Status.PENDING)
    whole = Order(
        id="",
        customer_id="",
        lines=(Line("", 1, item),),
        created_at=_THEN,
        updated_at=_THEN,
        status=Status.DELIVERED,
        total=_PRICE,
        customer_link=CustomerLink.LINKED,
        version=6,
        fence=9,
        news=tuple(replace(placed, seq=n) for n in range(1, 6)),
    )
    template = order_document(whole)
    # In the audit trail already, or the shop would copy all of them while it is measured.
    template["audited"] = template["eventCount"]
    del template["auditDue"]
    for number, order_id in enumerate(orders):
        line = template["lines"][0] | {"productId": products[number]}
        yield template | {
            "_id": order_id,
            "customerId": customers[number % len(customers)],
            "lines": [line],
            "createdAt": _THEN + timedelta(milliseconds=number),
        }


def _links(orders: list[str], customers: list[str]) -> Iterator[Document]:
    details = OrderLinkDetails(
        status=OrderStatus.DELIVERED, total=_PRICE, placed_at=_THEN, order_version=6
    )
    template = link_fields(details) | {"linked": True, "linkedAt": _THEN, "updatedAt": _THEN}
    for number, order_id in enumerate(orders):
        customer_id = customers[number % len(customers)]
        yield template | {
            "_id": f"{customer_id}/{order_id}",
            "customerId": customer_id,
            "orderId": order_id,
            "placedAt": _THEN + timedelta(milliseconds=number),
            "version": 2,
        }


def _reservations(orders: list[str], products: list[str]) -> Iterator[Document]:
    price = {"amount": _PRICE.amount, "currency": _PRICE.currency}
    for order_id, product_id in zip(orders, products, strict=True):
        line = {"productId": product_id, "sku": "sku-1", "name": "Thing", "unitPrice": price}
        yield {
            "_id": order_id,
            "state": "committed",
            "lines": [line | {"quantity": 1}],
            "createdAt": _THEN,
            "expiresAt": _THEN + timedelta(days=1),
            "version": 2,
        }

"""The four creating POSTs, each with something new to make."""

import asyncio
from typing import Any
from uuid import uuid4

from tests.asking import Api, add_customer, add_product
from tests.integration.idempotency.twins import Case, Twin, Twins


async def create_customer(shop: Twins) -> Case:
    email = f"{uuid4().hex}@example.com"
    body = {"email": email, "firstName": "Ada", "lastName": "Lovelace"}
    customers = shop.database("customer")["customers"]
    return Case(
        *shop.customer,
        "/customers",
        body,
        {**body, "lastName": "Byron"},
        {**body, "email": "nobody"},
        lambda: customers.count_documents({"emailKey": email}),
    )


async def create_product(shop: Twins) -> Case:
    sku = uuid4().hex
    price = {"amount": 1999, "currency": "EUR"}
    body = {"sku": sku, "name": "Lamp", "price": price, "attributes": {"b": "1", "a": "2"}}
    products = shop.database("product")["products"]
    return Case(
        *shop.product,
        "/products",
        body,
        {**body, "name": "Chair"},
        {**body, "price": {"amount": -1, "currency": "EUR"}},
        lambda: products.count_documents({"sku": sku}),
    )


async def adjust_stock(shop: Twins) -> Case:
    async with Api(shop.product[1].url) as api:
        product = await add_product(api, stock=10)
    body = {"delta": 5, "reason": "delivery"}
    stored = shop.database("product")

    async def made() -> int:
        """Count the entries, and have the stock say the same."""
        count = await stored["stockAdjustments"].count_documents({"productId": product})
        document = await stored["products"].find_one({"_id": product})
        assert document["stock"]["onHand"] == 10 + 5 * count
        return int(count)

    return Case(
        *shop.product,
        f"/products/{product}/stockAdjustments",
        body,
        {**body, "delta": 6},
        {**body, "delta": "five"},
        made,
    )


async def place_order(shop: Twins) -> Case:
    async with Api(shop.customer[1].url) as api:
        customer, nobody = await add_customer(api), await add_customer(api)
    async with Api(shop.product[1].url) as api:
        product = await add_product(api, stock=10)
    for instance in shop.order:
        await _reaches_its_peers(instance, nobody)
    line = {"productId": product, "quantity": 2}
    body: dict[str, Any] = {"customerId": customer, "lines": [line]}
    stored = shop.database("order")["orders"]
    products = shop.database("product")["products"]

    async def made() -> int:
        """Count the orders, and have the stock say the same."""
        count = await stored.count_documents({"customerId": customer})
        document = await products.find_one({"_id": product})
        assert document["stock"]["reserved"] == 2 * count
        return int(count)

    other = {**body, "lines": [{**line, "quantity": 3}]}
    return Case(*shop.order, "/orders", body, other, {**body, "lines": []}, made)


async def _reaches_its_peers(order: Twin, customer: str) -> None:
    """Return once no breaker keeps it from them that a test before has opened."""
    async with Api(order.url) as api, asyncio.timeout(30):
        line = {"productId": "prd_none", "quantity": 1}
        while (await api.post("/orders", {"customerId": customer, "lines": [line]})).status == 202:
            await asyncio.sleep(0.1)


OPERATIONS = {
    "create_customer": create_customer,
    "create_product": create_product,
    "adjust_stock": adjust_stock,
    "place_order": place_order,
}

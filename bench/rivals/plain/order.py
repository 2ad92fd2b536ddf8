"""Orders, placed by calls to the other two."""

import os
from typing import Any
from uuid import uuid4

import orjson
from aiohttp import web
from bench.rivals.plain.shared import DATABASE, SESSION, answer, connections, now
from bench.rivals.plain.shared import problem as refused

routes = web.RouteTableDef()


@routes.post("/api/v1/orders")
async def create(request: web.Request) -> web.Response:
    draft = orjson.loads(await request.read())
    session = request.app[SESSION]
    customer_url = f"{os.environ['CUSTOMER_URL']}/api/v1"
    async with session.get(f"{customer_url}/customers/{draft['customerId']}") as response:
        if response.status == 404:
            return refused(422, "unknown-customer")
        customer = await response.json(loads=orjson.loads)
    if customer["status"] != "active":
        return refused(422, "inactive-customer")
    lines = []
    for line in draft["lines"]:
        url = f"{os.environ['PRODUCT_URL']}/api/v1/products/{line['productId']}/take"
        async with session.post(url, json={"quantity": line["quantity"]}) as response:
            if response.status != 200:
                return refused(409, "insufficient-stock")
            lines.append(priced(line, await response.json(loads=orjson.loads)))
    order = confirmed(draft, lines)
    await request.app[DATABASE]["orders"].insert_one(order)
    link = {"status": "confirmed", "total": order["total"]}
    url = f"{customer_url}/customerOrders/{draft['customerId']}/{order['_id']}"
    async with session.put(url, json=link) as response:
        response.raise_for_status()
    return answer(order, 201)


def priced(line: dict[str, Any], product: dict[str, Any]) -> dict[str, Any]:
    price = product["price"]
    total = {"amount": price["amount"] * line["quantity"], "currency": price["currency"]}
    seen = {"sku": product["sku"], "name": product["name"], "unitPrice": price}
    return {**line, **seen, "lineTotal": total}


def confirmed(draft: dict[str, Any], lines: list[dict[str, Any]]) -> dict[str, Any]:
    at = now()
    amount = sum(line["lineTotal"]["amount"] for line in lines)
    return {
        "_id": f"ord_{uuid4().hex}",
        "customerId": draft["customerId"],
        "status": "confirmed",
        "lines": lines,
        "total": {"amount": amount, "currency": lines[0]["unitPrice"]["currency"]},
        "createdAt": at,
        "updatedAt": at,
    }


async def indexes(app: web.Application) -> None:
    await app[DATABASE]["orders"].create_index("customerId")


def app() -> web.Application:
    made = web.Application()
    made.add_routes(routes)
    made.cleanup_ctx.append(connections)
    made.on_startup.append(indexes)
    return made

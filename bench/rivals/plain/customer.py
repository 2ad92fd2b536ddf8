"""Customers, and the links to their orders."""

from uuid import uuid4

import orjson
from aiohttp import web
from bench.rivals.plain.shared import CACHED_S, DATABASE, REDIS, answer, connections, now, packed
from bench.rivals.plain.shared import problem as refused
from pymongo.errors import DuplicateKeyError

routes = web.RouteTableDef()


@routes.post("/api/v1/customers")
async def create(request: web.Request) -> web.Response:
    given = orjson.loads(await request.read())
    at = now()
    customer = {
        "_id": f"cus_{uuid4().hex}",
        "email": given["email"],
        "emailKey": given["email"].lower(),
        "firstName": given["firstName"],
        "lastName": given["lastName"],
        "phone": given.get("phone"),
        "addresses": given.get("addresses", []),
        "status": "active",
        "createdAt": at,
        "updatedAt": at,
    }
    try:
        await request.app[DATABASE]["customers"].insert_one(customer)
    except DuplicateKeyError:
        return refused(409, "email-taken")
    return answer({name: value for name, value in customer.items() if name != "emailKey"}, 201)


@routes.get("/api/v1/customers/{id}")
async def get(request: web.Request) -> web.Response:
    key = f"customer:{request.match_info['id']}"
    cached = await request.app[REDIS].get(key)
    if cached is None:
        wanted = {"_id": request.match_info["id"]}
        found = await request.app[DATABASE]["customers"].find_one(wanted, {"emailKey": False})
        if found is None:
            return refused(404, "customer-not-found")
        cached = packed(found)
        await request.app[REDIS].set(key, cached, ex=CACHED_S)
    return web.Response(body=cached, content_type="application/json")


@routes.put("/api/v1/customerOrders/{customer_id}/{order_id}")
async def link(request: web.Request) -> web.Response:
    customer_id, order_id = request.match_info["customer_id"], request.match_info["order_id"]
    given = orjson.loads(await request.read())
    await request.app[DATABASE]["customerOrders"].update_one(
        {"_id": f"{customer_id}/{order_id}"},
        {
            "$set": {"status": given["status"], "total": given["total"], "updatedAt": now()},
            "$setOnInsert": {"customerId": customer_id, "orderId": order_id, "linkedAt": now()},
        },
        upsert=True,
    )
    return answer({"customerId": customer_id, "orderId": order_id, **given})


async def indexes(app: web.Application) -> None:
    await app[DATABASE]["customers"].create_index("emailKey", unique=True)
    await app[DATABASE]["customerOrders"].create_index("customerId")


def app() -> web.Application:
    made = web.Application()
    made.add_routes(routes)
    made.cleanup_ctx.append(connections)
    made.on_startup.append(indexes)
    return made

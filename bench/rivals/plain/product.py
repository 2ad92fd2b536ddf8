"""The catalogue and its stock."""

from uuid import uuid4

import orjson
from aiohttp import web
from bench.rivals.plain.shared import (
    CACHED_S,
    DATABASE,
    REDIS,
    answer,
    connections,
    now,
    packed,
    shown,
)
from bench.rivals.plain.shared import problem as refused
from pymongo import TEXT, ReturnDocument
from pymongo.errors import DuplicateKeyError

routes = web.RouteTableDef()


@routes.post("/api/v1/products")
async def create(request: web.Request) -> web.Response:
    given = orjson.loads(await request.read())
    stock = given.pop("initialStock", 0)
    at = now()
    product = {
        "_id": f"prd_{uuid4().hex}",
        **given,
        "stock": {"onHand": stock, "reserved": 0, "available": stock},
        "createdAt": at,
        "updatedAt": at,
    }
    try:
        await request.app[DATABASE]["products"].insert_one(product)
    except DuplicateKeyError:
        return refused(409, "sku-taken")
    return answer(product, 201)


@routes.get("/api/v1/products/{id}")
async def get(request: web.Request) -> web.Response:
    key = f"product:{request.match_info['id']}"
    cached = await request.app[REDIS].get(key)
    if cached is None:
        found = await request.app[DATABASE]["products"].find_one({"_id": request.match_info["id"]})
        if found is None:
            return refused(404, "product-not-found")
        cached = packed(found)
        await request.app[REDIS].set(key, cached, ex=CACHED_S)
    return web.Response(body=cached, content_type="application/json")


@routes.get("/api/v1/products")
async def find(request: web.Request) -> web.Response:
    words = request.query.get("q")
    query = {"$text": {"$search": words}} if words else {}
    found = request.app[DATABASE]["products"].find(query).sort("_id", -1)
    items = await found.limit(int(request.query.get("limit", 20))).to_list()
    return answer({"items": [shown(item) for item in items], "nextCursor": items[-1]["_id"]})


@routes.post("/api/v1/products/{id}/take")
async def take(request: web.Request) -> web.Response:
    product_id = request.match_info["id"]
    quantity = orjson.loads(await request.read())["quantity"]
    taken = await request.app[DATABASE]["products"].find_one_and_update(
        {"_id": product_id, "stock.available": {"$gte": quantity}},
        {
            "$inc": {"stock.reserved": quantity, "stock.available": -quantity},
            "$set": {"updatedAt": now()},
        },
        return_document=ReturnDocument.AFTER,
    )
    if taken is None:
        return refused(409, "insufficient-stock")
    await request.app[REDIS].delete(f"product:{product_id}")
    return answer(taken)


async def indexes(app: web.Application) -> None:
    products = app[DATABASE]["products"]
    await products.create_index("sku", unique=True)
    await products.create_index([("name", TEXT), ("description", TEXT)])


def app() -> web.Application:
    made = web.Application()
    made.add_routes(routes)
    made.cleanup_ctx.append(connections)
    made.on_startup.append(indexes)
    return made

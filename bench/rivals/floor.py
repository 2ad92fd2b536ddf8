"""What the machine gives: bare aiohttp handlers on uvloop, and bare inserts.

``FLOOR_BODIES`` names a folder with the bytes to answer with: one file per kind of answer.
"""

import os
from pathlib import Path

import orjson
import uvloop
from aiohttp import web
from bson import ObjectId
from pymongo import AsyncMongoClient

_JSON = "application/json"


def app() -> web.Application:
    folder = Path(os.environ["FLOOR_BODIES"])
    bodies = {path.name: path.read_bytes() for path in folder.iterdir()}
    product, listing, search = bodies["product"], bodies["list"], bodies["search"]
    made = web.Application()

    async def one(request: web.Request) -> web.Response:
        if "If-None-Match" in request.headers:
            return web.Response(status=304, headers={"ETag": '"1"'})
        return web.Response(body=product, content_type=_JSON)

    async def several(request: web.Request) -> web.Response:
        return web.Response(body=search if "q" in request.query else listing, content_type=_JSON)

    async def write(request: web.Request) -> web.Response:
        body = orjson.loads(await request.read())
        kind = request.path.rpartition("/")[2]
        await database[kind].insert_one({"_id": str(ObjectId()), **body})
        return web.Response(status=201, body=bodies[kind], content_type=_JSON)

    client = AsyncMongoClient(os.environ["MONGO_URI"], w="majority", journal=True)
    database = client[os.environ["MONGO_DATABASE"]]
    made.router.add_get("/api/v1/products/{id}", one)
    made.router.add_get("/api/v1/products", several)
    made.router.add_post("/api/v1/customers", write)
    made.router.add_post("/api/v1/orders", write)
    return made


def main() -> None:
    web.run_app(
        app(),
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        loop=uvloop.new_event_loop(),
        access_log=None,
        print=None,
    )


if __name__ == "__main__":
    main()

"""What the writes of an order cost by themselves: how far anything around them could get at most.

One process, which does for an order what MongoDB is asked to keep for it, gathered as the shop
does, and nothing else: it asks nobody, checks nothing, and could not go on after a crash.
"""

import os
from collections.abc import Sequence
from typing import Any

import orjson
import uvloop
from aiohttp import web
from bson import ObjectId
from pymongo import AsyncMongoClient, UpdateOne

from shop.common.bulk import insert_together, write_together
from shop.common.gathered import Gathered
from shop.common.mongo import Collection

Document = dict[str, Any]


def app() -> web.Application:
    client: AsyncMongoClient[Document] = AsyncMongoClient(
        os.environ["MONGO_URI"], w="majority", journal=True
    )
    database = client[os.environ["MONGO_DATABASE"]]
    accept = _batches_into(database["intake"])
    insert = {name: _into(database[name]) for name in ("reservations", "links", "orders")}
    take = _stock(database["products"])

    async def place(request: web.Request) -> web.Response:
        draft = orjson.loads(await request.read())
        order = {"_id": str(ObjectId()), **draft}
        await accept(order)
        for line in draft["lines"]:
            await take((line["productId"], line["quantity"]))
        for kept in insert.values():
            await kept(dict(order))
        return web.Response(status=201, body=orjson.dumps(order), content_type="application/json")

    made = web.Application()
    made.router.add_post("/api/v1/orders", place)
    return made


def _into(collection: Collection) -> Gathered[Document, bool]:
    async def together(documents: Sequence[Document]) -> Sequence[bool | Exception]:
        return await insert_together(collection, documents)

    return Gathered(together, name=collection.name)


def _batches_into(collection: Collection) -> Gathered[Document, bool]:
    async def together(documents: Sequence[Document]) -> Sequence[bool | Exception]:
        batch = {"_id": str(ObjectId()), "orders": list(documents)}
        return (await insert_together(collection, [batch])) * len(documents)

    return Gathered(together, name=collection.name)


def _stock(products: Collection) -> Gathered[tuple[str, int], None]:
    async def together(pieces: Sequence[tuple[str, int]]) -> Sequence[None]:
        sums: dict[str, int] = {}
        for product_id, count in pieces:
            sums[product_id] = sums.get(product_id, 0) + count
        change = [UpdateOne({"_id": p}, {"$inc": {"reserved": n}}, True) for p, n in sums.items()]
        await write_together(products, change)
        return [None] * len(pieces)

    return Gathered(together, name=products.name)


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

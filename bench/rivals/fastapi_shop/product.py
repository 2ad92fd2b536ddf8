"""The catalogue and its stock."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import uuid4

from bench.rivals.fastapi_shop.shared import CACHED_S, Money, connections, now
from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel
from pymongo import TEXT, ReturnDocument
from pymongo.errors import DuplicateKeyError


class ProductDetails(BaseModel):
    sku: str
    name: str
    description: str | None = None
    category: str | None = None
    price: Money
    attributes: dict[str, str] = {}


class ProductDraft(ProductDetails):
    initialStock: int = 0  # noqa: N815


class Stock(BaseModel):
    onHand: int  # noqa: N815
    reserved: int
    available: int


class Product(ProductDetails):
    id: str
    stock: Stock
    createdAt: datetime  # noqa: N815
    updatedAt: datetime  # noqa: N815


class Products(BaseModel):
    items: list[Product]
    nextCursor: str | None  # noqa: N815


class Wish(BaseModel):
    quantity: int


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with connections(app):
        products = app.state.database["products"]
        await products.create_index("sku", unique=True)
        await products.create_index([("name", TEXT), ("description", TEXT)])
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/api/v1/products", status_code=201)
async def create(draft: ProductDraft, request: Request) -> Product:
    at, pieces = now(), draft.initialStock
    product = Product(
        **draft.model_dump(exclude={"initialStock"}),
        id=f"prd_{uuid4().hex}",
        stock=Stock(onHand=pieces, reserved=0, available=pieces),
        createdAt=at,
        updatedAt=at,
    )
    stored = {"_id": product.id, **product.model_dump(exclude={"id"})}
    try:
        await request.app.state.database["products"].insert_one(stored)
    except DuplicateKeyError:
        raise HTTPException(409, "sku-taken") from None
    return product


@app.get("/api/v1/products/{product_id}")
async def get(product_id: str, request: Request) -> Product:
    key = f"product:{product_id}"
    cached = await request.app.state.redis.get(key)
    if cached is not None:
        return Product.model_validate_json(cached)
    found = await request.app.state.database["products"].find_one({"_id": product_id})
    if found is None:
        raise HTTPException(404, "product-not-found")
    product = Product(id=found["_id"], **found)
    await request.app.state.redis.set(key, product.model_dump_json(), ex=CACHED_S)
    return product


@app.get("/api/v1/products")
async def find(request: Request, q: str | None = None, limit: int = 20) -> Products:
    query = {"$text": {"$search": q}} if q else {}
    found = request.app.state.database["products"].find(query).sort("_id", -1)
    items = [Product(id=each["_id"], **each) for each in await found.limit(limit).to_list()]
    return Products(items=items, nextCursor=items[-1].id if items else None)


@app.post("/api/v1/products/{product_id}/take")
async def take(product_id: str, wish: Wish, request: Request) -> Product:
    taken = await request.app.state.database["products"].find_one_and_update(
        {"_id": product_id, "stock.available": {"$gte": wish.quantity}},
        {
            "$inc": {"stock.reserved": wish.quantity, "stock.available": -wish.quantity},
            "$set": {"updatedAt": now()},
        },
        return_document=ReturnDocument.AFTER,
    )
    if taken is None:
        raise HTTPException(409, "insufficient-stock")
    await request.app.state.redis.delete(f"product:{product_id}")
    return Product(id=taken["_id"], **taken)

"""Customers, and the links to their orders."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import uuid4

from bench.rivals.fastapi_shop.shared import CACHED_S, Money, connections, now
from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel
from pymongo.errors import DuplicateKeyError


class Address(BaseModel):
    line1: str
    line2: str | None = None
    city: str
    postalCode: str  # noqa: N815
    country: str


class CustomerDraft(BaseModel):
    email: str
    firstName: str  # noqa: N815
    lastName: str  # noqa: N815
    phone: str | None = None
    addresses: list[Address] = []


class Customer(CustomerDraft):
    id: str
    status: str
    createdAt: datetime  # noqa: N815
    updatedAt: datetime  # noqa: N815


class Link(BaseModel):
    status: str
    total: Money


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with connections(app):
        await app.state.database["customers"].create_index("emailKey", unique=True)
        await app.state.database["customerOrders"].create_index("customerId")
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/api/v1/customers", status_code=201)
async def create(draft: CustomerDraft, request: Request) -> Customer:
    at = now()
    fields = {"id": f"cus_{uuid4().hex}", "status": "active", "createdAt": at, "updatedAt": at}
    customer = Customer(**draft.model_dump(), **fields)
    stored = customer.model_dump(exclude={"id"})
    stored |= {"_id": customer.id, "emailKey": customer.email.lower()}
    try:
        await request.app.state.database["customers"].insert_one(stored)
    except DuplicateKeyError:
        raise HTTPException(409, "email-taken") from None
    return customer


@app.get("/api/v1/customers/{customer_id}")
async def get(customer_id: str, request: Request) -> Customer:
    key = f"customer:{customer_id}"
    cached = await request.app.state.redis.get(key)
    if cached is not None:
        return Customer.model_validate_json(cached)
    found = await request.app.state.database["customers"].find_one({"_id": customer_id})
    if found is None:
        raise HTTPException(404, "customer-not-found")
    customer = Customer(id=found["_id"], **found)
    await request.app.state.redis.set(key, customer.model_dump_json(), ex=CACHED_S)
    return customer


@app.put("/api/v1/customerOrders/{customer_id}/{order_id}")
async def link(customer_id: str, order_id: str, given: Link, request: Request) -> Link:
    await request.app.state.database["customerOrders"].update_one(
        {"_id": f"{customer_id}/{order_id}"},
        {
            "$set": {**given.model_dump(), "updatedAt": now()},
            "$setOnInsert": {"customerId": customer_id, "orderId": order_id, "linkedAt": now()},
        },
        upsert=True,
    )
    return given

"""Orders, placed by calls to the other two."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import uuid4

from bench.rivals.fastapi_shop.shared import Money, connections, now
from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel, Field


class LineDraft(BaseModel):
    productId: str  # noqa: N815
    quantity: int = Field(ge=1)


class OrderDraft(BaseModel):
    customerId: str  # noqa: N815
    lines: list[LineDraft] = Field(min_length=1)


class Line(LineDraft):
    sku: str
    name: str
    unitPrice: Money  # noqa: N815
    lineTotal: Money  # noqa: N815


class Order(BaseModel):
    id: str
    customerId: str  # noqa: N815
    status: str
    lines: list[Line]
    total: Money
    createdAt: datetime  # noqa: N815
    updatedAt: datetime  # noqa: N815


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with connections(app):
        await app.state.database["orders"].create_index("customerId")
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/api/v1/orders", status_code=201)
async def create(draft: OrderDraft, request: Request) -> Order:
    session = request.app.state.session
    customer_url = f"{os.environ['CUSTOMER_URL']}/api/v1"
    async with session.get(f"{customer_url}/customers/{draft.customerId}") as response:
        if response.status == 404:
            raise HTTPException(422, "unknown-customer")
        customer = await response.json()
    if customer["status"] != "active":
        raise HTTPException(422, "inactive-customer")
    lines = []
    for line in draft.lines:
        url = f"{os.environ['PRODUCT_URL']}/api/v1/products/{line.productId}/take"
        async with session.post(url, json={"quantity": line.quantity}) as response:
            if response.status != 200:
                raise HTTPException(409, "insufficient-stock")
            lines.append(priced(line, await response.json()))
    order = confirmed(draft, lines)
    stored = {"_id": order.id, **order.model_dump(exclude={"id"})}
    await request.app.state.database["orders"].insert_one(stored)
    link = {"status": "confirmed", "total": order.total.model_dump()}
    url = f"{customer_url}/customerOrders/{draft.customerId}/{order.id}"
    async with session.put(url, json=link) as response:
        response.raise_for_status()
    return order


def priced(line: LineDraft, product: dict[str, Any]) -> Line:
    price = Money(**product["price"])
    total = Money(amount=price.amount * line.quantity, currency=price.currency)
    seen = {"sku": product["sku"], "name": product["name"], "unitPrice": price}
    return Line(**line.model_dump(), **seen, lineTotal=total)


def confirmed(draft: OrderDraft, lines: list[Line]) -> Order:
    at = now()
    amount = sum(line.lineTotal.amount for line in lines)
    return Order(
        id=f"ord_{uuid4().hex}",
        customerId=draft.customerId,
        status="confirmed",
        lines=lines,
        total=Money(amount=amount, currency=lines[0].unitPrice.currency),
        createdAt=at,
        updatedAt=at,
    )

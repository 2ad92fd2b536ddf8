import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase
from tests.fakes.product.stores import HOUR, Stores

from shop.common.representation import Representation
from shop.product.model import Adjustment, Reservation
from shop.product.repository import (
    MongoAdjustments,
    MongoProducts,
    MongoReservations,
    MongoShelf,
    create_indexes,
)
from shop.product.repository.documents import adjustment_of, reservation_of


def encode(document: dict[str, Any]) -> Representation:
    return Representation(document["version"], document["name"].encode())


@pytest.fixture
async def stores(database: AsyncDatabase[dict[str, Any]]) -> Stores:
    await create_indexes(database)
    return in_mongo(database)


def in_mongo(database: AsyncDatabase[dict[str, Any]]) -> Stores:
    products = database["products"]

    async def age_marks(by: timedelta) -> None:
        until = {"$subtract": ["$$this.until", by // timedelta(milliseconds=1)]}
        aged = {"$mergeObjects": ["$$this", {"until": until}]}
        marks = {"$map": {"input": "$marks", "in": aged}}
        await products.update_many({}, [{"$set": {"marks": marks}}])

    async def marks(product_id: str) -> Sequence[str]:
        document = await products.find_one({"_id": product_id})
        return [mark["id"] for mark in document["marks"]] if document else []

    async def all_reservations() -> Sequence[Reservation]:
        return [reservation_of(d) async for d in database["reservations"].find()]

    async def all_adjustments() -> Sequence[Adjustment]:
        return [adjustment_of(d) async for d in database["stockAdjustments"].find()]

    return Stores(
        MongoProducts(products, encode),
        MongoShelf(products),
        MongoShelf(products, linger=-2 * HOUR),
        MongoReservations(database["reservations"]),
        MongoAdjustments(database["stockAdjustments"], products),
        marks,
        all_reservations,
        all_adjustments,
        asyncio.sleep,
        age_marks,
    )

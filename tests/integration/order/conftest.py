"""The order service on a real MongoDB."""

from typing import Any

import pytest
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase

from shop.common.representation import Representation
from shop.order.audit import AuditTrail
from shop.order.backlog import MongoBacklog
from shop.order.intake import MongoIntake
from shop.order.model import Order
from shop.order.repository import MongoOrders
from shop.order.settled import Settled


def encode(order: Order) -> Representation:
    return Representation(order.version, order.status.encode())


def intake_beside(collection: AsyncCollection[dict[str, Any]]) -> MongoIntake:
    return MongoIntake(collection.database["intake"], collection)


def settled_into(collection: AsyncCollection[dict[str, Any]]) -> Settled:
    trail = AuditTrail(collection, collection.database["audit"])
    return Settled(intake_beside(collection), trail)


def mongo_orders(
    collection: AsyncCollection[dict[str, Any]], settled: Settled | None = None
) -> MongoOrders:
    return MongoOrders(
        collection, intake_beside(collection), settled or settled_into(collection), encode
    )


@pytest.fixture
def collection(database: AsyncDatabase[dict[str, Any]]) -> AsyncCollection[dict[str, Any]]:
    return database["orders"]


@pytest.fixture
def backlog(collection: AsyncCollection[dict[str, Any]]) -> MongoBacklog:
    return MongoBacklog(collection, intake_beside(collection))


@pytest.fixture
def settled(collection: AsyncCollection[dict[str, Any]]) -> Settled:
    return settled_into(collection)


@pytest.fixture
async def orders(collection: AsyncCollection[dict[str, Any]], settled: Settled) -> MongoOrders:
    orders = mongo_orders(collection, settled)
    await orders.prepare()
    return orders

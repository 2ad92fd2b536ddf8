"""The order service on a real MongoDB."""

from typing import Any

import pytest
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase

from shop.common.representation import Representation
from shop.order.backlog import MongoBacklog
from shop.order.intake import MongoIntake
from shop.order.model import Order
from shop.order.repository import MongoOrders


def encode(order: Order) -> Representation:
    return Representation(order.version, order.status.encode())


def mongo_orders(collection: AsyncCollection[dict[str, Any]]) -> MongoOrders:
    return MongoOrders(collection, MongoIntake(collection.database["intake"], collection), encode)


@pytest.fixture
def collection(database: AsyncDatabase[dict[str, Any]]) -> AsyncCollection[dict[str, Any]]:
    return database["orders"]


@pytest.fixture
def backlog(collection: AsyncCollection[dict[str, Any]]) -> MongoBacklog:
    return MongoBacklog(collection, MongoIntake(collection.database["intake"], collection))


@pytest.fixture
async def orders(collection: AsyncCollection[dict[str, Any]]) -> MongoOrders:
    orders = mongo_orders(collection)
    await orders.prepare()
    return orders

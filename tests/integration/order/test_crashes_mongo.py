"""Crash points and zombies over the real store."""

from typing import Any

import pytest
from pymongo.asynchronous.collection import AsyncCollection
from tests.fakes.order.crash_suite import CrashSuite
from tests.fakes.order.world import World
from tests.fakes.order.zombie_suite import MakeWorld, ZombieSuite

from shop.order.repository import MongoOrders


@pytest.fixture
def make_world(orders: MongoOrders, collection: AsyncCollection[dict[str, Any]]) -> MakeWorld:
    async def make() -> World:
        await collection.delete_many({})
        await collection.database["intake"].delete_many({})
        return World(orders)

    return make


class TestCrashes(CrashSuite):
    pass


class TestZombies(ZombieSuite):
    pass

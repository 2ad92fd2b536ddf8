"""Relays that were stopped too long, over the fake store."""

import pytest
from tests.order_doubles.store import MemoryOrders
from tests.order_doubles.world import World
from tests.order_doubles.zombie_suite import MakeWorld, ZombieSuite


class TestZombies(ZombieSuite):
    @pytest.fixture
    def make_world(self) -> MakeWorld:
        async def make() -> World:
            return World(MemoryOrders())

        return make

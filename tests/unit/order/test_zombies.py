"""Relays that were stopped too long, over the fake store."""

import pytest
from tests.fakes.order.store import MemoryOrders
from tests.fakes.order.world import World
from tests.fakes.order.zombie_suite import MakeWorld, ZombieSuite


class TestZombies(ZombieSuite):
    @pytest.fixture
    def make_world(self) -> MakeWorld:
        async def make() -> World:
            return World(MemoryOrders())

        return make

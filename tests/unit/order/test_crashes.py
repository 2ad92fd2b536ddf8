"""Every crash point, over the fake store."""

import pytest
from tests.order_doubles.crash_suite import CrashSuite, MakeWorld
from tests.order_doubles.store import MemoryOrders
from tests.order_doubles.world import World


class TestCrashes(CrashSuite):
    @pytest.fixture
    def make_world(self) -> MakeWorld:
        async def make() -> World:
            return World(MemoryOrders())

        return make

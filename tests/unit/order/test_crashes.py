"""Every crash point, over the fake store."""

import pytest
from tests.fakes.order.crash_suite import CrashSuite, MakeWorld
from tests.fakes.order.store import MemoryOrders
from tests.fakes.order.world import World


class TestCrashes(CrashSuite):
    @pytest.fixture
    def make_world(self) -> MakeWorld:
        async def make() -> World:
            return World(MemoryOrders())

        return make

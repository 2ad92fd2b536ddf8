"""The order service without I/O."""

import pytest
from tests.fakes.order.store import MemoryOrders
from tests.fakes.order.world import World


@pytest.fixture
def orders() -> MemoryOrders:
    return MemoryOrders()


@pytest.fixture
def world(orders: MemoryOrders) -> World:
    return World(orders)

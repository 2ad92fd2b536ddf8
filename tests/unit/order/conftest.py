"""The order service without I/O."""

import pytest
from tests.fakes.order.store import MemoryOrders
from tests.fakes.order.world import World

pytest.register_assert_rewrite(
    *(f"tests.fakes.order.{name}_suite" for name in ("store", "crash", "zombie"))
)


@pytest.fixture
def orders() -> MemoryOrders:
    return MemoryOrders()


@pytest.fixture
def world(orders: MemoryOrders) -> World:
    return World(orders)

"""The order service without I/O."""

import pytest
from tests.order_doubles.store import MemoryOrders
from tests.order_doubles.world import World

pytest.register_assert_rewrite(
    *(f"tests.order_doubles.{name}_suite" for name in ("store", "crash", "zombie"))
)


@pytest.fixture
def orders() -> MemoryOrders:
    return MemoryOrders()


@pytest.fixture
def world(orders: MemoryOrders) -> World:
    return World(orders)

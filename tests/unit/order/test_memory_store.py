"""The fake store keeps the rules of the real one."""

from tests.fakes.order.store_suite import OrdersSuite


class TestMemoryOrders(OrdersSuite):
    pass

"""The fake store keeps the rules of the real one."""

from tests.order_doubles.store_suite import OrdersSuite


class TestMemoryOrders(OrdersSuite):
    pass

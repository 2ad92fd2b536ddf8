"""The customer service without I/O."""

import pytest
from tests.fakes.clock import HandClock
from tests.fakes.customer.models import NOON
from tests.fakes.customer.stores import FakeCustomers, FakeLinks

from shop.customer.service import CustomerOrders, Customers


@pytest.fixture
def clock() -> HandClock:
    return HandClock(NOON)


@pytest.fixture
def customers() -> FakeCustomers:
    return FakeCustomers()


@pytest.fixture
def links() -> FakeLinks:
    return FakeLinks()


@pytest.fixture
def service(customers: FakeCustomers, links: FakeLinks, clock: HandClock) -> Customers:
    return Customers(customers, links, clock)


@pytest.fixture
def orders(customers: FakeCustomers, links: FakeLinks, clock: HandClock) -> CustomerOrders:
    return CustomerOrders(customers, links, clock)

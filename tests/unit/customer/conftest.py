"""The customer service without I/O."""

import pytest
from tests.fakes.clock import HandClock
from tests.fakes.customer.erasures import FakeErasures, Kept
from tests.fakes.customer.models import NOON
from tests.fakes.customer.stores import FakeCustomers, FakeLinks

from shop.customer.erasure import Eraser
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
def erasures() -> FakeErasures:
    return FakeErasures()


@pytest.fixture
def answers() -> Kept:
    return Kept()


@pytest.fixture
def eraser(
    customers: FakeCustomers,
    links: FakeLinks,
    answers: Kept,
    erasures: FakeErasures,
    clock: HandClock,
) -> Eraser:
    return Eraser(customers, links, answers, erasures, clock)


@pytest.fixture
def service(
    customers: FakeCustomers, links: FakeLinks, eraser: Eraser, clock: HandClock
) -> Customers:
    return Customers(customers, links, eraser, clock)


@pytest.fixture
def orders(customers: FakeCustomers, links: FakeLinks, clock: HandClock) -> CustomerOrders:
    return CustomerOrders(customers, links, clock)

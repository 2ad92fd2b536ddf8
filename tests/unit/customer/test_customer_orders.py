"""The use cases of the links from customers to orders."""

import pytest
from tests.fakes.clock import HandClock
from tests.fakes.customer.models import NOON, SECOND, customer, order
from tests.fakes.customer.stores import FakeCustomers

from shop.customer.errors import Changed, NoSuchCustomer, NoSuchLink, OrderUnlinked
from shop.customer.model import Customer, CustomerStatus
from shop.customer.service import CustomerOrders

UNKNOWN = "cus_00000000000000000000000000"


@pytest.fixture
async def ada(customers: FakeCustomers) -> Customer:
    ada = customer(status=CustomerStatus.INACTIVE)
    await customers.add(ada)
    return ada


async def test_a_link_knows_how_the_customer_stands(orders: CustomerOrders, ada: Customer) -> None:
    link = await orders.link(ada.id, "ord_1", order(1), None)
    assert (link.customer_status, link.is_new) == (CustomerStatus.INACTIVE, True)
    again = await orders.link(ada.id, "ord_1", order(1), None)
    assert (again.customer_status, again.is_new) == (CustomerStatus.INACTIVE, False)


async def test_a_link_is_told_the_time(
    orders: CustomerOrders, ada: Customer, clock: HandClock
) -> None:
    await orders.link(ada.id, "ord_1", order(1), None)
    clock.advance(SECOND)
    link = await orders.link(ada.id, "ord_1", order(2), None)
    assert (link.linked_at, link.updated_at) == (NOON, NOON + SECOND)


async def test_an_unknown_customer_is_not_linked(orders: CustomerOrders) -> None:
    with pytest.raises(NoSuchCustomer):
        await orders.link(UNKNOWN, "ord_1", order(1), None)
    with pytest.raises(NoSuchLink):
        await orders.view(UNKNOWN, "ord_1")


async def test_only_a_known_customer_has_an_empty_list(
    orders: CustomerOrders, ada: Customer
) -> None:
    assert (await orders.find(ada.id, limit=1, cursor=None)).items == []
    with pytest.raises(NoSuchCustomer):
        await orders.find(UNKNOWN, limit=1, cursor=None)


async def test_an_unlinked_order_stays_unlinked(orders: CustomerOrders, ada: Customer) -> None:
    await orders.link(ada.id, "ord_1", order(1), None)
    with pytest.raises(Changed):
        await orders.unlink(ada.id, "ord_1", 4, frozenset({2}))
    await orders.unlink(ada.id, "ord_1", 4, frozenset({1}))
    with pytest.raises(NoSuchLink):
        await orders.unlink(ada.id, "ord_1", 4, None)
    with pytest.raises(OrderUnlinked):
        await orders.link(ada.id, "ord_1", order(4), None)

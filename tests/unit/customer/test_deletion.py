"""A customer is deleted; at each point another may come between."""

from datetime import timedelta

import pytest
from tests.fakes.clock import HandClock
from tests.fakes.customer.models import NOON, SECOND, customer, details, order
from tests.fakes.customer.stores import FakeCustomers, FakeLinks

from shop.common.errors import Unavailable
from shop.customer.errors import BeingDeleted, Changed, NoSuchCustomer, NoSuchLink, OpenOrders
from shop.customer.model import FINAL, OPEN, Customer, CustomerStatus
from shop.customer.service import CustomerOrders, Customers


@pytest.fixture
async def ada(customers: FakeCustomers) -> Customer:
    ada = customer()
    await customers.add(ada)
    return ada


class Between(FakeLinks):
    """Links, where something else happens while the deletion looks for open orders."""

    async def has_open(self, customer_id: str) -> bool:
        found = await super().has_open(customer_id)
        await self.happens()
        return found

    async def happens(self) -> None:
        """Do nothing yet."""


@pytest.fixture
def links() -> Between:
    return Between()


async def test_a_customer_without_orders_goes(service: Customers, ada: Customer) -> None:
    await service.remove(ada.id, frozenset({1}))
    with pytest.raises(NoSuchCustomer):
        await service.view(ada.id)


@pytest.mark.parametrize("status", sorted(OPEN))
async def test_an_open_order_keeps_the_customer(
    service: Customers, orders: CustomerOrders, ada: Customer, status: str
) -> None:
    await orders.link(ada.id, "ord_0", order(1, "delivered"), None)
    await orders.link(ada.id, "ord_1", order(1, status), None)
    with pytest.raises(OpenOrders):
        await service.remove(ada.id, None)
    await orders.link(ada.id, "ord_2", order(1), None)  # and orders may be linked again


@pytest.mark.parametrize("status", sorted(FINAL))
async def test_links_to_final_orders_go_too(
    service: Customers, orders: CustomerOrders, ada: Customer, status: str
) -> None:
    await orders.link(ada.id, "ord_1", order(1, status), None)
    await service.remove(ada.id, None)
    with pytest.raises(NoSuchLink):
        await orders.view(ada.id, "ord_1")


async def test_a_stale_version_deletes_nothing(
    service: Customers, orders: CustomerOrders, ada: Customer
) -> None:
    with pytest.raises(Changed):
        await service.remove(ada.id, frozenset({2}))
    await orders.link(ada.id, "ord_1", order(1), None)


async def test_an_order_that_comes_after_the_look_is_put_off_and_goes_too(
    service: Customers, orders: CustomerOrders, links: Between, ada: Customer
) -> None:
    async def link() -> None:
        with pytest.raises(BeingDeleted):
            await orders.link(ada.id, "ord_1", order(1), None)

    links.happens = link
    await service.remove(ada.id, None)
    with pytest.raises(NoSuchLink):
        await orders.view(ada.id, "ord_1")
    with pytest.raises(NoSuchCustomer):
        await orders.link(ada.id, "ord_1", order(1), None)
    with pytest.raises(NoSuchLink):
        await orders.view(ada.id, "ord_1")


@pytest.mark.parametrize("version", [1, 2])
async def test_an_order_that_was_linked_before_is_not_lost(
    service: Customers,
    orders: CustomerOrders,
    customers: FakeCustomers,
    ada: Customer,
    version: int,
) -> None:
    await orders.link(ada.id, "ord_1", order(1), None)
    claim = await customers.claim_deletion(ada.id, NOON + SECOND, None)
    with pytest.raises(BeingDeleted):
        await orders.link(ada.id, "ord_1", order(version, "paid"), None)
    await customers.drop_deletion(ada.id, claim)
    with pytest.raises(OpenOrders):
        await service.remove(ada.id, None)
    link = await orders.link(ada.id, "ord_1", order(version), None)
    assert not link.is_new


async def test_a_change_that_comes_between_saves_the_customer_from_if_match(
    service: Customers, orders: CustomerOrders, links: Between, ada: Customer
) -> None:
    async def change() -> None:
        await service.replace(ada.id, details(first_name="Augusta"), None)

    links.happens = change
    with pytest.raises(Unavailable):
        await service.remove(ada.id, frozenset({1}))
    await orders.link(ada.id, "ord_1", order(1), None)


async def test_a_change_that_comes_between_goes_with_the_customer_otherwise(
    service: Customers, links: Between, ada: Customer
) -> None:
    async def change() -> None:
        await service.set_status(ada.id, CustomerStatus.INACTIVE)

    links.happens = change
    await service.remove(ada.id, None)
    with pytest.raises(NoSuchCustomer):
        await service.view(ada.id)


async def test_a_deletion_that_took_too_long_gives_way_to_an_order(
    service: Customers, orders: CustomerOrders, links: Between, clock: HandClock, ada: Customer
) -> None:
    async def link_late() -> None:
        clock.advance(timedelta(minutes=1))
        await orders.link(ada.id, "ord_1", order(1), None)

    links.happens = link_late
    with pytest.raises(Unavailable):
        await service.remove(ada.id, None)
    await orders.view(ada.id, "ord_1")
    await service.view(ada.id)


async def test_a_deletion_that_died_before_its_end_is_finished_by_the_next(
    service: Customers, orders: CustomerOrders, customers: FakeCustomers, ada: Customer
) -> None:
    await orders.link(ada.id, "ord_1", order(1, "delivered"), None)
    claim = await customers.claim_deletion(ada.id, NOON, None)
    await customers.delete(ada.id, claim, None)
    with pytest.raises(NoSuchCustomer):
        await service.remove(ada.id, None)
    with pytest.raises(NoSuchLink):
        await orders.view(ada.id, "ord_1")

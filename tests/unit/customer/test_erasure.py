"""What is kept of a deleted customer goes too, wherever the deletion died."""

from datetime import timedelta

import pytest
from tests.fakes.clock import HandClock
from tests.fakes.customer.erasures import FakeErasures, Kept
from tests.fakes.customer.models import NOON, SECOND, customer, order
from tests.fakes.customer.stores import FakeCustomers, FakeLinks

from shop.customer.erasure import Eraser
from shop.customer.errors import NoSuchLink
from shop.customer.model import Customer
from shop.customer.service import CustomerOrders, Customers


@pytest.fixture
async def ada(customers: FakeCustomers, orders: CustomerOrders) -> Customer:
    ada = customer()
    await customers.add(ada)
    await orders.link(ada.id, "ord_1", order(1, "delivered"), None)
    return ada


async def test_a_deletion_leaves_a_trace_once_all_is_gone(
    service: Customers, erasures: FakeErasures, answers: Kept, ada: Customer
) -> None:
    await service.remove(ada.id, None)
    assert erasures.done == {ada.id: NOON}
    assert answers.erased == [ada.id]


async def test_what_a_deletion_left_that_died_is_erased_by_a_sweep(
    eraser: Eraser,
    customers: FakeCustomers,
    links: FakeLinks,
    erasures: FakeErasures,
    answers: Kept,
    clock: HandClock,
    ada: Customer,
) -> None:
    claim = await customers.claim_deletion(ada.id, NOON + SECOND, None)
    await eraser.begin(ada.id)
    await customers.delete(ada.id, claim, None)
    await eraser.sweep_once()
    assert not erasures.done  # it may not have died
    clock.advance(timedelta(minutes=2))
    await eraser.sweep_once()
    assert erasures.done == {ada.id: NOON + timedelta(minutes=2)}
    assert answers.erased == [ada.id]
    with pytest.raises(NoSuchLink):
        await links.view(ada.id, "ord_1")


async def test_of_a_customer_who_is_still_there_no_trace_stays(
    eraser: Eraser,
    customers: FakeCustomers,
    links: FakeLinks,
    erasures: FakeErasures,
    clock: HandClock,
    ada: Customer,
) -> None:
    claim = await customers.claim_deletion(ada.id, NOON + SECOND, None)
    await eraser.begin(ada.id)
    clock.advance(timedelta(minutes=2))
    await eraser.sweep_once()
    assert not erasures.started
    assert not erasures.done
    assert not await customers.delete(ada.id, claim, None)  # who was only slow comes too late
    await links.view(ada.id, "ord_1")


async def test_one_that_goes_on_is_left_alone(
    eraser: Eraser,
    customers: FakeCustomers,
    erasures: FakeErasures,
    clock: HandClock,
    ada: Customer,
) -> None:
    await eraser.begin(ada.id)
    clock.advance(timedelta(minutes=2))
    await customers.claim_deletion(ada.id, clock() + SECOND, None)
    await eraser.sweep_once()
    assert ada.id in erasures.started

"""The use cases of customers but deletion, which has a file of its own."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.fakes.clock import HandClock
from tests.fakes.customer.models import NOON, SECOND, customer, details
from tests.fakes.customer.stores import FakeCustomers

from shop.common.errors import Unavailable
from shop.customer.errors import Changed, EmailTaken, NoSuchCustomer
from shop.customer.model import Customer, CustomerDetails, CustomerStatus
from shop.customer.service import Customers

UNKNOWN = "cus_00000000000000000000000000"


@pytest.fixture
async def ada(customers: FakeCustomers) -> Customer:
    ada = customer()
    await customers.add(ada)
    return ada


def named(first_name: str) -> Callable[[CustomerDetails], CustomerDetails]:
    return lambda present: replace(present, first_name=first_name)


async def test_a_registered_customer_is_active_at_once(
    service: Customers, customers: FakeCustomers
) -> None:
    given = details()
    ada = await service.register(given)
    assert (ada.details, ada.status, ada.version) == (given, CustomerStatus.ACTIVE, 1)
    assert ada.created_at == ada.updated_at == NOON
    assert await customers.get(ada.id) == ada


async def test_each_customer_has_an_id_of_its_own(service: Customers) -> None:
    assert (await service.register(details())).id != (await service.register(details())).id


async def test_a_taken_email_registers_nobody(service: Customers, ada: Customer) -> None:
    with pytest.raises(EmailTaken):
        await service.register(details(email=ada.email.upper()))


async def test_a_replacement_is_told_the_time(
    service: Customers, ada: Customer, clock: HandClock
) -> None:
    clock.advance(SECOND)
    given = details()
    replaced = await service.replace(ada.id, given, frozenset({1}))
    assert replaced == replace(ada, **vars(given), updated_at=NOON + SECOND, version=2)


async def test_an_amendment_works_on_what_is_there(service: Customers, ada: Customer) -> None:
    amended = await service.amend(ada.id, named("Augusta"), None)
    assert amended.details == replace(ada.details, first_name="Augusta")


class Contended(FakeCustomers):
    """Customers that another writer changes just before each of the first writes."""

    def __init__(self) -> None:
        super().__init__()
        self.before: list[CustomerDetails] = []

    async def set_details(self, customer_id, details, at, expected) -> Customer:  # type: ignore[no-untyped-def]
        if self.before:
            await super().set_details(customer_id, self.before.pop(), at, None)
        return await super().set_details(customer_id, details, at, expected)


@pytest.fixture
def customers() -> Contended:
    return Contended()


async def test_an_amendment_keeps_what_another_changed_meanwhile(
    service: Customers, customers: Contended, ada: Customer
) -> None:
    customers.before = [replace(ada.details, last_name=name) for name in ("C", "B")]
    amended = await service.amend(ada.id, named("Augusta"), None)
    assert (amended.first_name, amended.last_name, amended.version) == ("Augusta", "C", 4)


async def test_an_amendment_of_a_named_version_gives_way_to_another(
    service: Customers, customers: Contended, ada: Customer
) -> None:
    customers.before = [replace(ada.details, last_name="B")]
    with pytest.raises(Changed):
        await service.amend(ada.id, named("Augusta"), frozenset({1}))
    present = await customers.get(ada.id)
    assert (present.first_name, present.last_name) == (ada.first_name, "B")


async def test_an_amendment_of_a_stale_version_is_not_even_tried(
    service: Customers, ada: Customer
) -> None:
    def never(_: CustomerDetails) -> CustomerDetails:
        raise AssertionError

    with pytest.raises(Changed):
        await service.amend(ada.id, never, frozenset({2}))


async def test_an_amendment_that_is_always_too_late_gives_up(
    service: Customers, customers: Contended, ada: Customer
) -> None:
    customers.before = [ada.details] * 100
    with pytest.raises(Unavailable):
        await service.amend(ada.id, named("Augusta"), None)


async def test_what_the_change_raises_passes(service: Customers, ada: Customer) -> None:
    def refuse(_: CustomerDetails) -> CustomerDetails:
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        await service.amend(ada.id, refuse, None)


async def test_an_unknown_customer_is_told(service: Customers) -> None:
    for attempt in (
        service.replace(UNKNOWN, details(), None),
        service.amend(UNKNOWN, named("Augusta"), None),
        service.set_status(UNKNOWN, CustomerStatus.ACTIVE),
        service.remove(UNKNOWN, None),
        service.view(UNKNOWN),
    ):
        with pytest.raises(NoSuchCustomer):
            await attempt


async def test_many_amendments_at_once_are_all_made(service: Customers, ada: Customer) -> None:
    def more(present: CustomerDetails) -> CustomerDetails:
        return replace(present, first_name=present.first_name + "!")

    await asyncio.gather(*(service.amend(ada.id, more, None) for _ in range(20)))
    amended = await service.amend(ada.id, more, None)
    assert amended.first_name == ada.first_name + "!" * 21

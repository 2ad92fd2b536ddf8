"""A deleter that dies with its mark set keeps nobody from linking for ever."""

from datetime import timedelta

import pytest
from tests.integration.customer.api import Api, link, orders_of

from shop.common.clock import now
from shop.common.mongo import Database
from shop.customer.repository import MongoCustomers
from shop.customer.schemas import encode_customer


@pytest.fixture
def store(database: Database) -> MongoCustomers:
    return MongoCustomers(database["customers"], encode_customer)


async def test_a_lapsed_mark_gives_way_and_the_late_deletion_does_nothing(
    api: Api, store: MongoCustomers
) -> None:
    customer = await api.customer()
    own_id = customer.removeprefix("/customers/")
    claim = await store.claim_deletion(own_id, now() - timedelta(seconds=1), None)
    assert (await api.put(orders_of(customer, "ord_1"), link())).status == 201
    assert not await store.delete(own_id, claim, None)
    assert (await api.get(customer)).status == 200
    assert (await api.delete(customer)).code == "open-orders"


async def test_a_mark_that_stands_puts_an_order_off(api: Api, store: MongoCustomers) -> None:
    customer = await api.customer()
    own_id = customer.removeprefix("/customers/")
    claim = await store.claim_deletion(own_id, now() + timedelta(minutes=1), None)
    put_off = await api.put(orders_of(customer, "ord_1"), link())
    assert (put_off.code, put_off.headers["Retry-After"]) == ("unavailable", "1")
    assert (await api.get(customer)).status == 200
    await store.drop_deletion(own_id, claim)
    assert (await api.put(orders_of(customer, "ord_1"), link())).status == 200


async def test_another_deletion_takes_a_dead_one_over(api: Api, store: MongoCustomers) -> None:
    customer = await api.customer()
    own_id = customer.removeprefix("/customers/")
    claim = await store.claim_deletion(own_id, now() + timedelta(minutes=1), None)
    assert (await api.delete(customer)).status == 204
    assert not await store.delete(own_id, claim, None)

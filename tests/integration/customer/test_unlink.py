"""An order is unlinked, for good."""

import asyncio

import pytest
from tests.integration.customer.api import Api, link, orders_of


@pytest.fixture
async def order(api: Api) -> str:
    """A link at order version 3."""
    order = orders_of(await api.customer(), "ord_1")
    await api.put(order, link(3, "cancelled"))
    await api.get(order)
    return order


async def test_an_unlinked_order_is_gone(api: Api, order: str) -> None:
    assert (await api.delete(order)).status == 204
    assert (await api.get(order)).code == "not-found"
    assert (await api.delete(order)).code == "not-found"
    assert (await api.delete(order, if_match='"2"')).code == "not-found"
    assert await api.walk(order.removesuffix("/ord_1")) == []


async def test_a_late_put_is_refused(api: Api, order: str) -> None:
    await api.delete(order)
    for version in (1, 3):
        assert (await api.put(order, link(version))).code == "order-unlinked"
    assert (await api.get(order)).status == 404


async def test_the_order_version_that_ended_it_counts(api: Api, order: str) -> None:
    await api.delete(order, orderVersion=7)
    assert (await api.put(order, link(7))).code == "order-unlinked"
    assert (await api.put(order, link(8))).status in {200, 201}
    shown = await api.get(order)
    assert (shown.status, shown.json["orderVersion"]) == (200, 8)


async def test_an_order_version_below_the_known_one_does_not(api: Api, order: str) -> None:
    await api.delete(order, orderVersion=1)
    assert (await api.put(order, link(3))).code == "order-unlinked"


async def test_a_put_at_the_same_time_never_brings_it_back(api: Api, order: str) -> None:
    customer_orders = order.removesuffix("ord_1")
    for number in range(20):
        each = f"{customer_orders}race_{number}"
        await api.put(each, link(1))
        deleted, put = await asyncio.gather(
            api.delete(each, orderVersion=5), api.put(each, link(4, "paid"))
        )
        assert deleted.status == 204
        assert put.status in {200, 409}
        assert (await api.get(each)).status == 404


async def test_faults_in_the_query_are_named(api: Api, order: str) -> None:
    for version in ("-1", "x", "9007199254740992"):
        assert (await api.delete(order, orderVersion=version)).pointers == ["?orderVersion"]
    assert (await api.delete(order, force="true")).pointers == ["?force"]
    assert (await api.get(order)).status == 200

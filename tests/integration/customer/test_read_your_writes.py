"""What one instance has answered, no other serves an older version of."""

import asyncio

import pytest
from tests.integration.customer.api import Api, draft, link, orders_of
from tests.integration.customer.conftest import Serve

ROUNDS = 40


@pytest.fixture
async def two(serve: Serve) -> tuple[Api, Api]:
    return await serve(), await serve()


async def test_of_a_customer(two: tuple[Api, Api]) -> None:
    one, other = two
    customer = await one.customer()
    version = 1
    for round_ in range(ROUNDS):
        for write in (
            one.patch(customer, {"firstName": f"A{round_}"}),
            one.put(customer, draft()),
            one.post(f"{customer}/deactivate"),
            one.post(f"{customer}/activate"),
        ):
            reads = [asyncio.ensure_future(other.get(customer)) for _ in range(3)]
            written = await write
            version += 1
            assert (written.status, written.etag) == (200, f'"{version}"')
            shown = await other.get(customer)
            assert (shown.etag, shown.json) == (written.etag, written.json)
            await asyncio.gather(*reads)
            assert (await other.get(customer)).etag == written.etag


async def test_of_a_link(two: tuple[Api, Api]) -> None:
    one, other = two
    customer = await one.customer()
    for round_ in range(ROUNDS):
        order = orders_of(customer, f"ord_{round_ % 3}")
        for version in (1, 2, 3):
            reads = [asyncio.ensure_future(other.get(order)) for _ in range(3)]
            await one.put(order, link(10 * round_ + version))
            shown = await other.get(order)
            assert shown.json["orderVersion"] == 10 * round_ + version
            await asyncio.gather(*reads)
        reads = [asyncio.ensure_future(other.get(order)) for _ in range(3)]
        assert (await one.delete(order)).status == 204
        assert (await other.get(order)).status == 404
        await asyncio.gather(*reads)
        assert (await other.get(order)).status == 404


async def test_of_what_was_deleted(two: tuple[Api, Api]) -> None:
    one, other = two
    for _ in range(ROUNDS):
        customer = await one.customer()
        order = orders_of(customer, "ord_1")
        await one.put(order, link(1, "delivered"))
        paths = (customer, order)
        reads = [asyncio.ensure_future(other.get(path)) for path in paths * 2]
        assert (await one.delete(customer)).status == 204
        for _ in range(2):
            assert [(await other.get(path)).status for path in paths] == [404, 404]
            await asyncio.gather(*reads)

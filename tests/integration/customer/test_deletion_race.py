"""A customer is deleted while an order is placed: never do both succeed."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from tests.integration.customer.api import Answer, Api, link, orders_of

from shop.common.idempotency import KEPT, MongoKeys
from shop.common.mongo import Database
from shop.customer.erasure import Eraser
from shop.customer.repository import MongoCustomers, MongoErasures, MongoLinks
from shop.customer.schemas import encode_customer, encode_link
from shop.customer.service import Customers

ROUNDS = 60


async def after(reads: int, api: Api, call: Awaitable[Answer]) -> Answer:
    """Await the call after so many reads: each round the two meet at another point."""
    for _ in range(reads):
        await api.get("/customers", limit=1)
    return await call


async def test_a_deletion_and_a_first_link_never_both_succeed(api: Api) -> None:
    deleted = linked = 0
    for round_ in range(ROUNDS):
        customer = await api.customer()
        order = orders_of(customer, "ord_1")
        deletion, put = await asyncio.gather(
            after(round_ // 6 % 6, api, api.delete(customer)),
            after(round_ % 6, api, api.put(order, link())),
        )
        assert (deletion.status, put.status) in {(204, 404), (204, 503), (409, 201), (409, 503)}
        if deletion.status == 204:
            deleted += 1
            assert (await api.get(order)).status == 404
            assert (await api.put(order, link())).status == 404
        else:
            linked += 1
            assert (await api.put(order, link())).status == 200
            assert (await api.delete(customer)).code == "open-orders"
    assert deleted
    assert linked


class Pausing(MongoLinks):
    """Links, where an order comes right after the deletion has looked for open ones."""

    def __init__(self, database: Database) -> None:
        super().__init__(database["customerOrders"], encode_link)
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def has_open(self, customer_id: str) -> bool:
        found = await super().has_open(customer_id)
        if self.meanwhile:
            await self.meanwhile()
        return found


async def test_an_order_that_comes_after_the_look_is_put_off_and_not_linked(
    api: Api, database: Database
) -> None:
    links = Pausing(database)
    customers = MongoCustomers(database["customers"], encode_customer)
    keys, erasures = MongoKeys(database["idempotencyKeys"], KEPT), MongoErasures(database["e"])
    deleter = Customers(customers, links, Eraser(customers, links, keys, erasures))
    customer = await api.customer()
    order = orders_of(customer, "ord_1")
    answers: list[Answer] = []

    async def place() -> None:
        answers.append(await api.put(order, link()))

    links.meanwhile = place
    await deleter.remove(customer.removeprefix("/customers/"), None)
    assert [answer.status for answer in answers] == [503]
    assert (await api.put(order, link())).status == 404
    assert await database["customerOrders"].count_documents({}) == 0


@pytest.mark.parametrize("again", [1, 2])
async def test_a_deletion_never_loses_an_order_that_was_linked_before(api: Api, again: int) -> None:
    for round_ in range(ROUNDS):
        customer = await api.customer()
        order = orders_of(customer, "ord_1")
        await api.put(order, link(1))
        deletion, put = await asyncio.gather(
            api.delete(customer), after(round_ % 4, api, api.put(order, link(again, "confirmed")))
        )
        assert deletion.status == 409
        assert put.status in {200, 503}
        assert (await api.get(order)).status == 200


async def test_concurrent_deletions_agree(api: Api) -> None:
    for _ in range(20):
        customer = await api.customer()
        answers = await asyncio.gather(*(api.delete(customer) for _ in range(3)))
        statuses = [answer.status for answer in answers]
        assert statuses.count(204) <= 1
        assert {*statuses} <= {204, 404, 503}
        assert (await api.delete(customer)).status in {204, 404}
        assert (await api.get(customer)).status == 404

"""The cache is never needed."""

import asyncio

from tests.integration.conftest import Start
from tests.integration.customer.api import Api, link, orders_of
from tests.integration.customer.conftest import Serve


async def read_and_write(api: Api, customer: str, order: str, version: int) -> None:
    """Check that all of it works, and that what is written is read."""
    name = f"A{version}"
    assert (await api.patch(customer, {"firstName": name})).status == 200
    assert (await api.put(order, link(version))).status in {200, 201}
    shown = await asyncio.gather(*(api.get(customer) for _ in range(10)))
    assert {answer.json["firstName"] for answer in shown} == {name}
    assert (await api.get(order)).json["orderVersion"] == version
    assert (await api.get("/customers")).ids == [customer.removeprefix("/customers/")]
    assert (await api.get(orders_of(customer))).ids == ["ord_1"]


async def test_a_service_may_have_none(serve: Serve) -> None:
    api = await serve(redis="")
    customer = await api.customer()
    for version in (1, 2):
        await read_and_write(api, customer, orders_of(customer, "ord_1"), version)


async def test_all_goes_on_while_it_is_killed_and_after_it_is_back(
    serve: Serve, start_redis: Start
) -> None:
    redis = await start_redis()
    api = await serve(redis=redis.url)
    customer = await api.customer()
    order = orders_of(customer, "ord_1")
    await read_and_write(api, customer, order, 1)
    await redis.kill()
    for version in (2, 3):
        await read_and_write(api, customer, order, version)
    await redis.start()
    for version in (4, 5):
        await read_and_write(api, customer, order, version)
    await redis.kill()
    assert (await api.delete(order)).status == 204
    assert (await api.delete(customer)).status == 204
    assert (await api.get(customer)).status == 404


async def test_a_service_starts_without_it(serve: Serve, start_redis: Start) -> None:
    redis = await start_redis()
    await redis.kill()
    api = await serve(redis=redis.url)
    customer = await api.customer()
    await read_and_write(api, customer, orders_of(customer, "ord_1"), 1)

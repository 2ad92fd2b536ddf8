"""The list of reservations: whoever compares orders with stock reads all of it."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from pymongo import AsyncMongoClient
from tests.asking import add_product
from tests.served import ServedShop, served_shop


@pytest.fixture(scope="module")
async def shop(mongo_uri: str, redis_url: str) -> AsyncIterator[ServedShop]:
    async with served_shop(mongo_uri, redis_url) as shop:
        yield shop


@pytest.fixture(scope="module")
async def made(shop: ServedShop) -> dict[str, str]:
    """Seven reservations: their states by order id."""
    product = await add_product(shop.products, stock=100)
    states = {}
    for operation, state in [("", "held"), ("commit", "committed"), ("release", "released")] * 2:
        order_id = uuid4().hex
        where = f"/reservations/{order_id}"
        wanted = {"lines": [{"productId": product, "quantity": 1}]}
        assert (await shop.products.put(where, wanted)).status == 201
        if operation:
            assert (await shop.products.post(f"{where}/{operation}")).status == 200
        states[order_id] = state
    buried = uuid4().hex
    await shop.products.post(f"/reservations/{buried}/release")
    return {**states, buried: "released"}


async def test_all_are_listed_newest_order_first_page_by_page(shop, made):
    found: list[Any] = []
    cursor = ""
    while cursor is not None:
        at = f"&cursor={cursor}" if cursor else ""
        page = await shop.products.get(f"/reservations?limit=3{at}")
        assert ("Link" in page.headers) == (page.body["nextCursor"] is not None)
        found += page.body["items"]
        cursor = page.body["nextCursor"]
    assert [each["orderId"] for each in found] == sorted(made, reverse=True)
    assert {each["orderId"]: each["state"] for each in found} == made
    for each in found:
        assert (await shop.products.get(f"/reservations/{each['orderId']}")).body == each


@pytest.mark.parametrize("state", ["held", "committed", "released", "expired"])
async def test_those_of_one_state(shop, made, state):
    found = await shop.products.everything(f"/reservations?state={state}")
    assert {each["orderId"] for each in found} == {id_ for id_, at in made.items() if at == state}


async def test_a_cursor_belongs_to_its_state(shop, made):
    page = await shop.products.get("/reservations?limit=1&state=held")
    cursor = page.body["nextCursor"]
    for other in ("state=released", "limit=1"):
        refused = await shop.products.get(f"/reservations?{other}&cursor={cursor}")
        assert refused.code == (422, "invalid-cursor")


@pytest.mark.parametrize("query", ["state=taking", "state=", "limit=0", "order=x"])
async def test_what_breaks_the_schema_is_refused(shop, query):
    refused = await shop.products.get(f"/reservations?{query}")
    assert refused.code == (422, "validation-failed")


@pytest.mark.parametrize("query", ["", "&state=held"])
async def test_a_page_costs_the_same_at_any_depth(
    shop: ServedShop, made: Any, mongo_client: AsyncMongoClient[dict[str, Any]], query: str
):
    """No collection is scanned and nothing is sorted in memory."""
    database = mongo_client[shop.product.database]
    cursor = (await shop.products.get(f"/reservations?limit=1{query}")).body["nextCursor"]
    await database.command("profile", 2)
    try:
        for at in ("", f"&cursor={cursor}"):
            assert (await shop.products.get(f"/reservations?limit=1{query}{at}")).status == 200
    finally:
        await database.command("profile", 0)
    wanted = {"ns": f"{database.name}.reservations", "command.limit": 2}
    queries = [each async for each in database["system.profile"].find(wanted)]
    await database.drop_collection("system.profile")
    assert len(queries) == 2
    for each in queries:
        assert each["planSummary"].startswith("IXSCAN"), each["planSummary"]
        assert not each.get("hasSortStage")
        assert each["docsExamined"] <= 2

"""What of an order is kept elsewhere: who did what stays when it goes, an answer does not."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from pymongo import AsyncMongoClient
from tests.asking import add_customer, add_product, until
from tests.served import ServedShop, served_shop

WHERE = {"line1": "12 Row", "city": "London", "postalCode": "W1J 7NT", "country": "GB"}


@pytest.fixture(scope="module")
async def shop(mongo_uri: str, redis_url: str) -> AsyncIterator[ServedShop]:
    async with served_shop(mongo_uri, redis_url, erasure_poll_s=0.1) as shop:
        yield shop


async def placed(shop: ServedShop) -> tuple[dict[str, object], str, str]:
    """Place an order under a key; return its draft, the key, and its id."""
    draft = {
        "customerId": await add_customer(shop.customers),
        "lines": [{"productId": await add_product(shop.products), "quantity": 1}],
        "shippingAddress": WHERE,
    }
    key = uuid4().hex
    answer = await shop.orders.ask("POST", "/orders", draft, Idempotency_Key=key)
    assert answer.status == 201
    return draft, key, str(answer.body["id"])


async def test_who_did_what_is_told_after_the_order_is_gone(shop: ServedShop) -> None:
    _, _, order_id = await placed(shop)
    here = f"/orders/{order_id}"
    await shop.orders.post(f"{here}/cancel")
    assert (await shop.orders.ask("DELETE", here)).status == 204
    while await shop.placed.count_documents({"_id": order_id}):
        pass  # each look takes its time
    assert (await shop.orders.get(here)).status == 404
    entries = (await shop.orders.get(f"{here}/audit?limit=100")).body["items"]
    kinds = [entry["type"] for entry in entries]
    assert {"placed", "confirmed", "cancelled", "deleted"} <= {*kinds}
    (deleted,) = (entry for entry in entries if entry["type"] == "deleted")
    assert deleted["by"] == {"kind": "anyone", "subject": "anyone"}
    assert len(deleted["traceId"]) == 32
    assert [entry["seq"] for entry in entries] == [*range(len(entries), 0, -1)]


async def test_who_placed_an_order_is_told_as_soon_as_that_is_answered(shop: ServedShop) -> None:
    _, _, order_id = await placed(shop)
    entries = (await shop.orders.get(f"/orders/{order_id}/audit")).body["items"]
    assert [entry["type"] for entry in entries] == ["linked", "confirmed", "placed"]


async def test_a_service_that_stops_leaves_no_new_order_out_of_the_trail(shop: ServedShop) -> None:
    database = shop.placed.database
    placed_here = [(await placed(shop))[2] for _ in range(3)]
    async with shop.without("order"):
        assert await database["intake"].count_documents({}) == 0
        kept = {"orderId": {"$in": placed_here}}
        assert await database["audit"].count_documents(kept) == len(placed_here)


async def test_of_an_order_that_never_was_there_is_no_trail(shop: ServedShop) -> None:
    assert (await shop.orders.get("/orders/ord_0/audit")).code == (404, "not-found")


async def test_an_answer_goes_with_the_order_and_its_key_makes_no_other(shop: ServedShop) -> None:
    draft, key, order_id = await placed(shop)
    await shop.orders.post(f"/orders/{order_id}/cancel")
    assert (await shop.orders.ask("DELETE", f"/orders/{order_id}")).status == 204
    while await shop.placed.count_documents({"_id": order_id}):
        pass
    again = await shop.orders.ask("POST", "/orders", draft, Idempotency_Key=key)
    assert again.code == (409, "erased")


async def test_an_answer_goes_with_the_customer(shop: ServedShop, mongo_uri: str) -> None:
    draft, key, order_id = await placed(shop)
    here = f"/orders/{order_id}"
    await shop.orders.post(f"{here}/cancel")
    customer = f"/customers/{draft['customerId']}"
    while (await shop.customers.ask("DELETE", customer)).status == 409:
        pass
    order = await until(
        lambda: shop.orders.get(here), lambda body: "shippingAddress" not in body, within_s=60
    )
    assert order["customerId"] == draft["customerId"]
    again = await shop.orders.ask("POST", "/orders", draft, Idempotency_Key=key)
    assert again.code == (409, "erased")
    async with AsyncMongoClient(mongo_uri) as mongo:
        record = await mongo[shop.order.database]["idempotencyKeys"].find_one(
            {"resourceId": order_id}
        )
    assert record is not None
    assert not {"answer", "fingerprint"} & record.keys()


async def test_a_customer_key_makes_no_other_either(shop: ServedShop) -> None:
    draft = {"email": f"{uuid4().hex}@example.com", "firstName": "Ada", "lastName": "Lovelace"}
    key = uuid4().hex
    made = await shop.customers.ask("POST", "/customers", draft, Idempotency_Key=key)
    assert (await shop.customers.ask("DELETE", f"/customers/{made.body['id']}")).status == 204
    again = await shop.customers.ask("POST", "/customers", draft, Idempotency_Key=key)
    assert again.code == (409, "erased")

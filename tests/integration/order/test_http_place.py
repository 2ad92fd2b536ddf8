"""``POST /orders`` over HTTP, with the real product and customer beside it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.asking import Answer, add_customer, add_product, until
from tests.served import ServedShop, at_rest, served_shop

HOME = {"line1": "12 Analytical Row", "city": "London", "postalCode": "W1J 7NT", "country": "GB"}
NOBODY = "cus_01j9x6vq8k3m5n7p9r1t3v5w7y"
NOTHING = "prd_01j9x6ws0a2c4e6g8j0k2m4n6p"


@pytest.fixture(scope="module")
async def shop(mongo_uri: str, redis_url: str) -> AsyncIterator[ServedShop]:
    async with served_shop(mongo_uri, redis_url, retry_most_s=0.5) as shop:
        yield shop


@pytest.fixture
async def customer(shop) -> str:
    return await add_customer(shop.customers)


@pytest.fixture
async def product(shop) -> str:
    return await add_product(shop.products, stock=10, amount=1250)


async def place(shop: ServedShop, customer: str, *wanted: tuple[str, int], **more: Any) -> Answer:
    lines = [{"productId": product, "quantity": quantity} for product, quantity in wanted]
    return await shop.orders.post("/orders", {"customerId": customer, "lines": lines, **more})


async def stock(shop: ServedShop, product: str) -> dict[str, int]:
    return (await shop.products.get(f"/products/{product}")).body["stock"]


async def rejected(shop: ServedShop, refused: Answer) -> dict[str, Any]:
    """Return the order that a refusal names, once its customer knows of it."""
    order_id = refused.body["orderId"]
    order = await until(
        lambda: shop.orders.get(f"/orders/{order_id}"), lambda o: o["customerLink"] != "pending"
    )
    assert order["status"] == "rejected"
    return order


async def test_a_confirmed_order_shows_what_was_bought_and_where_it_is(shop, customer, product):
    sold = (await shop.products.get(f"/products/{product}")).body
    placed = await place(shop, customer, (product, 2), shippingAddress=HOME)
    assert placed.status == 201
    order = placed.body
    assert placed.headers["Location"] == f"/api/v1/orders/{order['id']}"
    euros = {"amount": 1250, "currency": "EUR"}
    both = {"amount": 2500, "currency": "EUR"}
    line = {"productId": product, "sku": sold["sku"], "name": sold["name"], "quantity": 2}
    assert order["lines"] == [{**line, "unitPrice": euros, "lineTotal": both}]
    assert (order["status"], order["total"], order["shippingAddress"]) == ("confirmed", both, HOME)
    read = await shop.orders.get(f"/orders/{order['id']}")
    assert (read.body, read.headers["ETag"]) == (order, placed.headers["ETag"])
    assert await stock(shop, product) == {"onHand": 10, "reserved": 2, "available": 8}


async def test_a_confirmed_order_is_linked_at_its_customer(shop, customer, product):
    order = (await place(shop, customer, (product, 1))).body
    assert order["customerLink"] == "linked"
    where = f"/customerOrders/{customer}/{order['id']}"
    link = await until(lambda: shop.customers.get(where), lambda it: it["status"] == "confirmed")
    assert link["total"] == order["total"]
    assert link["placedAt"] == order["createdAt"]


async def test_its_etag_stays_that_of_the_answer_until_somebody_changes_it(shop, customer, product):
    placed = await place(shop, customer, (product, 1))
    await at_rest(shop.placed)  # its customer sees it as confirmed by now
    where, tag = f"/orders/{placed.body['id']}", placed.headers["ETag"]
    changed = await shop.orders.patch(where, {"note": "ring twice"}, if_match=tag)
    assert (changed.status, changed.body["note"]) == (200, "ring twice")


async def test_a_product_that_is_named_twice_becomes_one_line(shop, customer, product):
    placed = await place(shop, customer, (product, 2), (product, 3))
    assert [line["quantity"] for line in placed.body["lines"]] == [5]


async def test_names_and_prices_stay_as_they_were_when_it_was_confirmed(shop, customer, product):
    order = (await place(shop, customer, (product, 1))).body
    changes = {"name": "Another", "price": {"amount": 1}}
    await shop.products.patch(f"/products/{product}", changes)
    read = (await shop.orders.get(f"/orders/{order['id']}")).body
    assert read["lines"] == order["lines"]


async def test_the_expected_total_is_taken(shop, customer, product):
    expected = {"amount": 3750, "currency": "EUR"}
    placed = await place(shop, customer, (product, 3), expectedTotal=expected)
    assert placed.status == 201


@pytest.mark.parametrize(("amount", "currency"), [(3749, "EUR"), (3750, "USD")])
async def test_another_total_than_expected_rejects_the_order(
    shop, customer, product, amount, currency
):
    expected = {"amount": amount, "currency": currency}
    refused = await place(shop, customer, (product, 3), expectedTotal=expected)
    assert refused.code == (409, "price-changed")
    assert refused.body["total"] == {"amount": 3750, "currency": "EUR"}
    assert (await rejected(shop, refused))["statusReason"] == "price-changed"
    assert (await stock(shop, product))["available"] == 10


async def test_too_little_stock_is_told_line_by_line_and_nothing_is_taken(shop, customer, product):
    short = await add_product(shop.products, stock=1)
    enough = await add_product(shop.products, stock=1)
    refused = await place(shop, customer, (short, 2), (enough, 1), (product, 11))
    assert refused.code == (409, "insufficient-stock")
    assert refused.body["shortages"] == [
        {"productId": short, "requested": 2, "available": 1},
        {"productId": product, "requested": 11, "available": 10},
    ]
    order = await rejected(shop, refused)
    assert order["statusReason"] == "insufficient-stock"
    assert "total" not in order
    assert (await stock(shop, enough))["available"] == 1
    link = await shop.customers.get(f"/customerOrders/{customer}/{order['id']}")
    assert (link.body["status"], link.body["total"]) == ("rejected", None)


async def test_an_unknown_customer_is_refused_and_takes_no_stock(shop, product):
    refused = await place(shop, NOBODY, (product, 1))
    assert refused.code == (422, "unknown-customer")
    assert refused.pointers == ["#/customerId"]
    assert (await rejected(shop, refused))["customerLink"] == "removed"
    assert (await stock(shop, product))["available"] == 10


async def test_an_inactive_customer_is_refused(shop, customer, product):
    await shop.customers.post(f"/customers/{customer}/deactivate")
    refused = await place(shop, customer, (product, 1))
    assert refused.code == (422, "inactive-customer")
    assert (await rejected(shop, refused))["statusReason"] == "inactive-customer"
    assert (await stock(shop, product))["available"] == 10


async def test_an_unknown_product_is_pointed_at_where_the_caller_named_it(shop, customer, product):
    refused = await place(shop, customer, (product, 1), (product, 1), (NOTHING, 1))
    assert refused.code == (422, "unknown-product")
    assert refused.pointers == ["#/lines/2/productId"]
    assert (await rejected(shop, refused))["statusReason"] == "unknown-product"


async def test_products_in_two_currencies_are_refused(shop, customer, product):
    dollars = await add_product(shop.products, currency="USD")
    refused = await place(shop, customer, (product, 1), (dollars, 1))
    assert refused.code == (422, "mixed-currencies")


async def test_a_total_that_no_money_can_be_is_refused(shop, customer):
    dear = await add_product(shop.products, stock=2, amount=10**12)
    refused = await place(shop, customer, (dear, 2))
    assert refused.code == (422, "total-too-large")


GOOD = {"customerId": NOBODY, "lines": [{"productId": NOTHING, "quantity": 1}]}


@pytest.mark.parametrize(
    ("draft", "pointer"),
    [
        ({"lines": GOOD["lines"]}, "#/customerId"),
        ({"customerId": NOBODY}, "#/lines"),
        ({**GOOD, "lines": []}, "#/lines"),
        ({**GOOD, "lines": 101 * GOOD["lines"]}, "#/lines"),
        ({**GOOD, "lines": [{"productId": NOTHING, "quantity": 0}]}, "#/lines/0/quantity"),
        ({**GOOD, "lines": [{"productId": NOTHING, "quantity": 1.5}]}, "#/lines/0/quantity"),
        ({**GOOD, "lines": [{"productId": "?", "quantity": 1}]}, "#/lines/0/productId"),
        ({**GOOD, "lines": [{**GOOD["lines"][0], "price": 1}]}, "#/lines/0/price"),
        ({**GOOD, "total": {"amount": 1, "currency": "EUR"}}, "#/total"),
        ({**GOOD, "shippingAddress": {**HOME, "country": "gb"}}, "#/shippingAddress/country"),
        ({**GOOD, "expectedTotal": {"amount": 1}}, "#/expectedTotal/currency"),
        ([], "#"),
    ],
)
async def test_a_draft_that_breaks_the_schema_is_refused_and_not_kept(shop, draft, pointer):
    before = await shop.orders.everything("/orders")
    refused = await shop.orders.post("/orders", draft)
    assert refused.code == (422, "validation-failed")
    assert refused.pointers == [pointer]
    assert await shop.orders.everything("/orders") == before


async def test_what_cannot_be_read_is_refused(shop):
    ask = shop.orders.ask
    assert (await ask("POST", "/orders", data=b"{")).code == (400, "malformed-request")
    assert (await ask("POST", "/orders", data=b"")).code == (400, "malformed-request")
    typed = await ask("POST", "/orders", GOOD, type_="text/plain")
    assert typed.code == (415, "unsupported-media-type")
    large = await ask("POST", "/orders", data=b" " * (1024 * 1024 + 1))
    assert large.code == (413, "payload-too-large")


@pytest.mark.parametrize("away", ["customer", "product"])
async def test_an_order_waits_for_a_peer_that_is_away(shop, customer, product, away):
    async with shop.without(away):
        pending = await place(shop, customer, (product, 2))
        assert (pending.status, pending.body["status"]) == (202, "pending")
        where = f"/orders/{pending.body['id']}"
        assert pending.headers["Location"] == f"/api/v1{where}"
        assert pending.headers["Retry-After"] == "1"
        assert pending.headers["ETag"]
        assert pending.body["lines"] == [{"productId": product, "quantity": 2}]
        assert (await shop.orders.get(where)).body["status"] == "pending"
    order = await until(
        lambda: shop.orders.get(where), lambda order: order["customerLink"] == "linked"
    )
    assert order["status"] == "confirmed"
    assert await stock(shop, product) == {"onHand": 10, "reserved": 2, "available": 8}


async def test_one_no_is_enough_while_the_other_peer_is_away(shop, customer, product):
    async with shop.without("customer"):
        refused = await place(shop, customer, (product, 11))
        assert refused.code == (409, "insufficient-stock")
    assert (await rejected(shop, refused))["customerLink"] == "linked"
    async with shop.without("product"):
        assert (await place(shop, NOBODY, (product, 1))).code == (422, "unknown-customer")


async def test_a_pending_order_may_still_be_rejected_by_itself(shop, customer, product):
    async with shop.without("product"):
        pending = await place(shop, customer, (product, 11))
        assert pending.status == 202
    order = await until(
        lambda: shop.orders.get(f"/orders/{pending.body['id']}"),
        lambda order: order["status"] != "pending",
    )
    assert (order["status"], order["statusReason"]) == ("rejected", "insufficient-stock")

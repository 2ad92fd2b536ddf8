"""Reading, listing, changing and deleting orders over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.asking import PATCH, add_customer, add_product, until
from tests.served import ServedShop, served_shop

HOME = {"line1": "12 Analytical Row", "city": "London", "postalCode": "W1J 7NT", "country": "GB"}
UNKNOWN = "ord_01j9x71c4f6h8j0k2m4n6p8q0r"


@pytest.fixture(scope="module")
async def shop(mongo_uri: str, redis_url: str) -> AsyncIterator[ServedShop]:
    async with served_shop(mongo_uri, redis_url) as shop:
        yield shop


@pytest.fixture(scope="module")
async def product(shop) -> str:
    return await add_product(shop.products, stock=1000)


@pytest.fixture
async def customer(shop) -> str:
    return await add_customer(shop.customers)


async def place(shop: ServedShop, customer: str, product: str, **more: Any) -> str:
    lines = [{"productId": product, "quantity": 1}]
    placed = await shop.orders.post(
        "/orders", {"customerId": customer, "lines": lines, "shippingAddress": HOME, **more}
    )
    assert placed.status == 201, placed
    return f"/orders/{placed.body['id']}"


@pytest.fixture
async def order(shop, customer, product) -> str:
    """The address of a confirmed order, which nobody else knows."""
    return await place(shop, customer, product)


# --- Conditional requests ------------------------------------------------------------------------


async def test_who_has_the_version_is_not_sent_it_again(shop, order):
    tag = (await shop.orders.get(order)).headers["ETag"]
    for held in (tag, f"W/{tag}", f'"0", {tag}', "*"):
        answer = await shop.orders.get(order, if_none_match=held)
        assert (answer.status, answer.body, answer.headers["ETag"]) == (304, None, tag)
    await shop.orders.patch(order, {"note": "Ring twice."})
    assert (await shop.orders.get(order, if_none_match=tag)).status == 200


async def test_a_change_is_made_only_to_the_version_that_is_named(shop, order):
    orders = shop.orders
    tag = (await orders.get(order)).headers["ETag"]
    first = await orders.put(order, {"note": "one"}, if_match=tag)
    assert (first.status, first.body["note"]) == (200, "one")
    for stale in (tag, '"none of ours"', f"W/{first.headers['ETag']}"):
        assert (await orders.put(order, {}, if_match=stale)).code == (412, "precondition-failed")
        assert (await orders.patch(order, {}, if_match=stale)).code == (412, "precondition-failed")
        assert (await orders.delete(order, if_match=stale)).code == (412, "precondition-failed")
    assert (await orders.get(order)).body == first.body
    listed = f'"0", {first.headers["ETag"]}'
    assert (await orders.patch(order, {"note": "two"}, if_match=listed)).body["note"] == "two"
    assert (await orders.put(order, {"note": "three"}, if_match="*")).body["note"] == "three"


async def test_a_condition_that_is_too_long_is_refused(shop, order):
    refused = await shop.orders.patch(order, {}, if_match="x" * 501)
    assert refused.code == (422, "validation-failed")
    assert refused.pointers == ["If-Match"]


# --- Changes -------------------------------------------------------------------------------------


async def test_put_removes_what_is_left_out(shop, order):
    changed = await shop.orders.put(order, {"note": "Ring twice."})
    assert changed.body["note"] == "Ring twice."
    assert "shippingAddress" not in changed.body
    emptied = await shop.orders.put(order, {})
    assert "note" not in emptied.body
    assert (await shop.orders.get(order)).body == emptied.body


async def test_a_change_to_what_is_there_already_is_none(shop, order):
    before = await shop.orders.get(order)
    after = await shop.orders.put(order, {"shippingAddress": HOME})
    assert (after.status, after.body) == (200, before.body)
    assert after.headers["ETag"] == before.headers["ETag"]


async def test_patch_merges_the_address_and_null_removes(shop, order):
    orders = shop.orders
    changed = await orders.patch(order, {"shippingAddress": {"line2": "Flat 3"}, "note": "Hi"})
    assert changed.body["shippingAddress"] == {**HOME, "line2": "Flat 3"}
    changed = await orders.patch(order, {"shippingAddress": {"line2": None}, "note": None})
    assert changed.body["shippingAddress"] == HOME
    assert "note" not in changed.body
    changed = await orders.patch(order, {"shippingAddress": None})
    assert "shippingAddress" not in changed.body


async def test_what_comes_out_of_a_patch_must_be_valid(shop, order):
    await shop.orders.patch(order, {"shippingAddress": None})
    refused = await shop.orders.patch(order, {"shippingAddress": {"line1": "Only this"}})
    assert refused.code == (422, "validation-failed")
    assert sorted(refused.pointers) == [
        f"#/shippingAddress/{name}" for name in ("city", "country", "postalCode")
    ]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"note": " "}, "#/note"),
        ({"note": 7}, "#/note"),
        ({"status": "paid"}, "#/status"),
        ({"shippingAddress": {"street": "x"}}, "#/shippingAddress/street"),
        ({"shippingAddress": {"city": None}}, "#/shippingAddress/city"),
    ],
)
async def test_a_patch_that_breaks_the_schema_is_refused(shop, order, change, pointer):
    refused = await shop.orders.patch(order, change)
    assert (refused.code, refused.pointers) == ((422, "validation-failed"), [pointer])


async def test_patch_takes_two_types_and_put_one(shop, order):
    for type_ in (PATCH, "application/json"):
        assert (await shop.orders.ask("PATCH", order, {"note": "x"}, type_=type_)).status == 200
    refused = await shop.orders.ask("PUT", order, {"note": "x"}, type_=PATCH)
    assert refused.code == (415, "unsupported-media-type")
    for method in ("PUT", "PATCH"):
        assert (await shop.orders.ask(method, order, data=b"[")).code == (400, "malformed-request")


async def test_two_who_patch_at_once_lose_nothing_of_each_other(shop, order):
    for number in range(10):
        await asyncio.gather(
            shop.orders.patch(order, {"note": f"note {number}"}),
            shop.orders.patch(order, {"shippingAddress": {"line2": f"Flat {number}"}}),
        )
        read = (await shop.orders.get(order)).body
        assert read["note"] == f"note {number}"
        assert read["shippingAddress"]["line2"] == f"Flat {number}"


async def test_a_change_stands_in_the_timeline_and_at_the_right_time(shop, order):
    before = (await shop.orders.get(order)).body
    after = (await shop.orders.patch(order, {"note": "x"})).body
    assert after["updatedAt"] >= before["updatedAt"]
    newest = (await shop.orders.get(f"{order}/events?limit=1")).body["items"][0]
    assert (newest["type"], newest["at"]) == ("changed", after["updatedAt"])


async def test_what_was_shipped_or_is_over_cannot_be_changed(shop, customer, product):
    for operations in (("pay", "ship"), ("pay", "ship", "deliver"), ("cancel",)):
        order = await place(shop, customer, product)
        for operation in operations:
            await shop.orders.post(f"{order}/{operation}")
        for answer in (
            await shop.orders.put(order, {"note": "x"}),
            await shop.orders.patch(order, {"note": "x"}),
        ):
            assert answer.code == (409, "order-not-changeable")


# --- Deletion ------------------------------------------------------------------------------------


async def test_only_what_is_cancelled_or_rejected_can_be_deleted(shop, order, customer):
    refused = await shop.orders.delete(order)
    assert refused.code == (409, "order-open")
    cancelled = await shop.orders.post(f"{order}/cancel")
    tag = cancelled.headers["ETag"]
    assert (await shop.orders.delete(order, if_match=tag)).status == 204
    for path in (order, f"{order}/events"):
        assert (await shop.orders.get(path)).code == (404, "not-found")
    assert (await shop.orders.delete(order)).code == (404, "not-found")
    order_id = order.removeprefix("/orders/")
    await until(
        lambda: shop.customers.get(f"/customerOrders/{customer}"), lambda body: not body["items"]
    )
    listed = await shop.orders.everything(f"/orders?customerId={customer}")
    assert order_id not in [item["id"] for item in listed]


# --- Addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize("order_id", [UNKNOWN, "ord_1", UNKNOWN.upper(), "%00", "a" * 65])
async def test_there_is_nothing_at_other_addresses(shop, order_id):
    path = f"/orders/{order_id}"
    answers = [
        await shop.orders.get(path),
        await shop.orders.put(path, {}),
        await shop.orders.patch(path, {}),
        await shop.orders.delete(path),
        await shop.orders.get(f"{path}/events"),
    ]
    assert [answer.code for answer in answers] == 5 * [(404, "not-found")]


async def test_a_method_that_is_not_there_is_told_with_those_that_are(shop, order):
    answer = await shop.orders.post(order, {})
    assert answer.code == (405, "method-not-allowed")
    allowed = {method.strip() for method in answer.headers["Allow"].split(",")}
    assert allowed == {"GET", "HEAD", "PUT", "PATCH", "DELETE"}


# --- Lists ---------------------------------------------------------------------------------------


async def test_a_list_is_walked_newest_first_by_its_links(shop, customer, product):
    placed = [await place(shop, customer, product) for _ in range(5)]
    path, pages = f"/orders?customerId={customer}&limit=2", []
    while path:
        page = await shop.orders.get(path)
        pages.append([f"/orders/{item['id']}" for item in page.body["items"]])
        link = page.headers.get("Link")
        assert (link is None) == (page.body["nextCursor"] is None)
        path = link and link.partition("/api/v1")[2].partition(">")[0]
    assert pages == [placed[:2:-1], placed[2:0:-1], placed[:1]]


async def test_filters_are_joined(shop, customer, product):
    confirmed, paid = [await place(shop, customer, product) for _ in range(2)]
    await shop.orders.post(f"{paid}/pay")
    other = await place(shop, await add_customer(shop.customers), product)

    async def found(query: str) -> set[str]:
        return {f"/orders/{o['id']}" for o in await shop.orders.everything(f"/orders?{query}")}

    assert await found(f"customerId={customer}") == {confirmed, paid}
    assert await found(f"customerId={customer}&status=paid") == {paid}
    assert await found(f"customerId={customer}&status=shipped") == set()
    assert {other, confirmed} <= await found("status=confirmed")
    assert paid not in await found("status=confirmed")
    assert await found("customerId=nobody") == set()


async def test_a_page_of_the_timeline_leads_to_the_next(shop, order):
    everything = await shop.orders.everything(f"{order}/events")
    first = (await shop.orders.get(f"{order}/events?limit=1")).body
    rest = await shop.orders.get(f"{order}/events?limit=100&cursor={first['nextCursor']}")
    assert first["items"] + rest.body["items"] == everything


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "?limit"),
        ("limit=101", "?limit"),
        ("limit=x", "?limit"),
        ("limit=1&limit=2", "?limit"),
        ("status=open", "?status"),
        ("customerId=", "?customerId"),
        ("customerId=a%20b", "?customerId"),
        ("cursor=", "?cursor"),
        ("page=2", "?page"),
    ],
)
async def test_a_query_that_breaks_the_schema_is_refused(shop, query, pointer):
    refused = await shop.orders.get(f"/orders?{query}")
    assert (refused.code, refused.pointers) == ((422, "validation-failed"), [pointer])


async def test_a_cursor_holds_only_for_the_list_that_gave_it(shop, customer, product):
    for _ in range(2):
        order = await place(shop, customer, product)
    own = f"/orders?customerId={customer}"
    cursor = (await shop.orders.get(f"{own}&limit=1")).body["nextCursor"]
    assert (await shop.orders.get(f"{own}&cursor={cursor}")).status == 200
    for path in (
        f"/orders?cursor={cursor}",
        f"{own}&status=confirmed&cursor={cursor}",
        f"{order}/events?cursor={cursor}",
        f"{own}&cursor={cursor[:-2]}",
        f"{own}&cursor=forged",
    ):
        assert (await shop.orders.get(path)).code == (422, "invalid-cursor")

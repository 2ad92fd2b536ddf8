"""The catalogue over HTTP: create, read, change, delete, filter, search."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from tests.asking import PATCH, Answer, add_product
from tests.served import ServedShop, served_shop

UNKNOWN = "prd_01j9x6ws0a2c4e6g8j0k2m4n6p"
PRICE = {"amount": 1999, "currency": "EUR"}


@pytest.fixture(scope="module")
async def shop(mongo_uri: str, redis_url: str) -> AsyncIterator[ServedShop]:
    async with served_shop(mongo_uri, redis_url) as shop:
        yield shop


def draft(**more: Any) -> dict[str, Any]:
    return {"sku": uuid4().hex, "name": "Desk lamp", "price": PRICE, **more}


@pytest.fixture
async def lamp(shop) -> Answer:
    return await shop.products.post(
        "/products",
        draft(
            description="For long nights.",
            category="lighting",
            attributes={"colour": "green", "socket": "E27"},
            initialStock=25,
        ),
    )


def at(product: Answer) -> str:
    return f"/products/{product.body['id']}"


# --- Create and read -----------------------------------------------------------------------------


async def test_a_product_is_created_with_its_first_stock(shop, lamp):
    assert lamp.status == 201
    assert lamp.headers["Location"] == f"/api/v1{at(lamp)}"
    assert lamp.headers["ETag"] == '"1"'
    assert lamp.body["stock"] == {"onHand": 25, "reserved": 0, "available": 25}
    assert lamp.body["createdAt"] == lamp.body["updatedAt"]
    read = await shop.products.get(at(lamp))
    assert (read.status, read.body, read.headers["ETag"]) == (200, lamp.body, '"1"')


async def test_what_is_not_given_is_left_out_and_none_is_in_stock(shop):
    plain = (await shop.products.post("/products", draft())).body
    assert plain["stock"] == {"onHand": 0, "reserved": 0, "available": 0}
    assert plain["attributes"] == {}
    assert not {"description", "category"} & plain.keys()


async def test_a_sku_belongs_to_one_product(shop, lamp):
    taken = draft(sku=lamp.body["sku"])
    assert (await shop.products.post("/products", taken)).code == (409, "sku-taken")
    other = await shop.products.post("/products", draft())
    assert (await shop.products.put(at(other), taken)).code == (409, "sku-taken")
    patch = {"sku": lamp.body["sku"]}
    assert (await shop.products.patch(at(other), patch)).code == (409, "sku-taken")
    assert (await shop.products.patch(at(lamp), patch)).status == 200  # its own


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"sku": "a b"}, "#/sku"),
        ({"name": " "}, "#/name"),
        ({"price": {"amount": 1.5, "currency": "EUR"}}, "#/price/amount"),
        ({"price": {"amount": -1, "currency": "EUR"}}, "#/price/amount"),
        ({"price": {"amount": 1, "currency": "eur"}}, "#/price/currency"),
        ({"price": 1999}, "#/price"),
        ({"attributes": {"size": 42}}, "#/attributes/size"),
        ({"attributes": {str(n): "x" for n in range(51)}}, "#/attributes"),
        ({"description": "x" * 5001}, "#/description"),
        ({"initialStock": -1}, "#/initialStock"),
        ({"stock": {"onHand": 1}}, "#/stock"),
    ],
)
async def test_a_draft_that_breaks_the_schema_is_refused(shop, wrong, pointer):
    refused = await shop.products.post("/products", draft(**wrong))
    assert (refused.code, refused.pointers) == ((422, "validation-failed"), [pointer])


async def test_what_cannot_be_read_is_refused(shop, lamp):
    ask = shop.products.ask
    assert (await ask("POST", "/products", data=b"{")).code == (400, "malformed-request")
    assert (await ask("PUT", at(lamp), data=b"\xff")).code == (400, "malformed-request")
    assert (await ask("POST", "/products", draft(), type_="text/csv")).code[0] == 415
    assert (await ask("PUT", at(lamp), draft(), type_=PATCH)).code[0] == 415
    large = await ask("POST", "/products", data=b" " * (1024 * 1024 + 1))
    assert large.code == (413, "payload-too-large")


async def test_who_has_the_version_is_not_sent_it_again(shop, lamp):
    for held in ('"1"', 'W/"1"', '"7", "1"', "*"):
        answer = await shop.products.get(at(lamp), if_none_match=held)
        assert (answer.status, answer.body, answer.headers["ETag"]) == (304, None, '"1"')
    await shop.products.post(f"{at(lamp)}/stockAdjustments", {"delta": 1, "reason": "found"})
    seen = await shop.products.get(at(lamp), if_none_match='"1"')
    assert (seen.status, seen.body["stock"]["onHand"]) == (200, 26)


# --- Change --------------------------------------------------------------------------------------


async def test_put_removes_what_is_left_out_and_keeps_the_stock(shop, lamp):
    replaced = await shop.products.put(at(lamp), draft(name="Another"))
    assert replaced.status == 200
    assert (replaced.body["name"], replaced.body["attributes"]) == ("Another", {})
    assert not {"description", "category"} & replaced.body.keys()
    assert replaced.body["stock"] == lamp.body["stock"]
    assert (await shop.products.get(at(lamp))).body == replaced.body


async def test_patch_merges_price_and_attributes_and_null_removes(shop, lamp):
    changes = {
        "price": {"amount": 1799},
        "attributes": {"colour": "blue", "socket": None},
        "description": None,
    }
    patched = (await shop.products.patch(at(lamp), changes)).body
    assert patched["price"] == {"amount": 1799, "currency": "EUR"}
    assert patched["attributes"] == {"colour": "blue"}
    assert "description" not in patched
    assert patched["category"] == "lighting"
    assert patched["stock"] == lamp.body["stock"]
    emptied = (await shop.products.patch(at(lamp), {"attributes": None})).body
    assert emptied["attributes"] == {}


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"sku": None}, "#/sku"),
        ({"price": None}, "#/price"),
        ({"price": {"currency": None}}, "#/price/currency"),
        ({"initialStock": 5}, "#/initialStock"),
        ({"stock": {"onHand": 5}}, "#/stock"),
    ],
)
async def test_a_patch_that_breaks_the_schema_is_refused(shop, lamp, change, pointer):
    refused = await shop.products.patch(at(lamp), change)
    assert (refused.code, refused.pointers) == ((422, "validation-failed"), [pointer])


async def test_a_change_is_made_only_to_the_version_that_is_named(shop, lamp):
    products, where = shop.products, at(lamp)
    first = await products.put(where, draft(name="one"), if_match='"1"')
    assert (first.status, first.body["name"]) == (200, "one")
    for stale in ('"1"', 'W/"2"', '"none of ours"'):
        for answer in (
            await products.put(where, draft(), if_match=stale),
            await products.patch(where, {"name": "x"}, if_match=stale),
            await products.delete(where, if_match=stale),
        ):
            assert answer.code == (412, "precondition-failed")
    tag = first.headers["ETag"]
    assert (await products.patch(where, {"name": "two"}, if_match=f'"0", {tag}')).status == 200
    assert (await products.patch(where, {"name": "three"}, if_match="*")).status == 200
    assert (await products.patch(where, {}, if_match="x" * 501)).pointers == ["If-Match"]


async def test_two_who_patch_at_once_lose_nothing_of_each_other(shop, lamp):
    for number in range(10):
        await asyncio.gather(
            shop.products.patch(at(lamp), {"name": f"lamp {number}"}),
            shop.products.patch(at(lamp), {"price": {"amount": number}}),
            shop.products.post(f"{at(lamp)}/stockAdjustments", {"delta": 1, "reason": "more"}),
        )
        read = (await shop.products.get(at(lamp))).body
        assert (read["name"], read["price"]["amount"]) == (f"lamp {number}", number)
        assert read["stock"]["onHand"] == 26 + number


# --- Delete --------------------------------------------------------------------------------------


async def test_a_deleted_product_is_gone_with_all_that_hung_on_it(shop, lamp):
    made = await shop.products.post(f"{at(lamp)}/stockAdjustments", {"delta": 1, "reason": "found"})
    tag = (await shop.products.get(at(lamp))).headers["ETag"]
    assert (await shop.products.delete(at(lamp), if_match=tag)).status == 204
    adjustment = made.headers["Location"].removeprefix("/api/v1")
    for path in (at(lamp), f"{at(lamp)}/stockAdjustments", adjustment):
        assert (await shop.products.get(path)).code == (404, "not-found")
    assert (await shop.products.delete(at(lamp))).code == (404, "not-found")
    again = await shop.products.post("/products", draft(sku=lamp.body["sku"]))
    assert again.status == 201


async def test_what_is_reserved_cannot_be_deleted(shop, lamp):
    order = f"/reservations/{uuid4().hex}"
    lines = [{"productId": lamp.body["id"], "quantity": 1}]
    await shop.products.put(order, {"lines": lines})
    assert (await shop.products.delete(at(lamp))).code == (409, "open-reservations")
    await shop.products.post(f"{order}/release")
    assert (await shop.products.delete(at(lamp))).status == 204


# --- Addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize("product_id", [UNKNOWN, "prd_1", UNKNOWN.upper(), "%00", "a" * 65])
async def test_there_is_nothing_at_other_addresses(shop, product_id):
    path = f"/products/{product_id}"
    answers = [
        await shop.products.get(path),
        await shop.products.put(path, draft()),
        await shop.products.patch(path, {}),
        await shop.products.delete(path),
        await shop.products.get(f"{path}/stockAdjustments"),
        await shop.products.post(f"{path}/stockAdjustments", {"delta": 1, "reason": "x"}),
    ]
    assert [answer.code for answer in answers] == 6 * [(404, "not-found")]


async def test_a_method_that_is_not_there_is_told_with_those_that_are(shop, lamp):
    answer = await shop.products.post(at(lamp), {})
    assert answer.code == (405, "method-not-allowed")
    allowed = {method.strip() for method in answer.headers["Allow"].split(",")}
    assert allowed == {"GET", "HEAD", "PUT", "PATCH", "DELETE"}


# --- Lists ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
async def shelf(shop) -> dict[str, str]:
    """Ids of some products by name, in a category of their own."""
    some = [("cheap lamp", 100), ("good lamp", 500), ("best chair", 900), ("worn chair", 50)]
    return {
        name: await add_product(shop.products, name=name, amount=amount, category="the shelf")
        for name, amount in some
    }


async def test_products_asked_for_by_id_are_as_when_asked_for_one_by_one(shop, shelf):
    ids = list(shelf.values())
    asked = f"/products?limit=2&ids={ids[0]},{UNKNOWN},{ids[2]},{ids[1]}"
    shown = [(await shop.products.get(f"/products/{each}")).body for each in reversed(ids[:3])]
    first = await shop.products.get(asked)
    assert first.body["items"] == shown[:2]
    assert f"cursor={first.body['nextCursor']}" in first.headers["Link"]
    rest = await shop.products.get(f"{asked}&cursor={first.body['nextCursor']}")
    assert rest.body == {"items": shown[2:], "nextCursor": None}
    await shop.products.patch(f"/products/{ids[0]}", {"description": "changed"})
    again = await shop.products.get(asked.replace("limit=2", "limit=9"))
    assert again.body["items"][2]["description"] == "changed"
    await shop.products.patch(f"/products/{ids[0]}", {"description": None})


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["worn chair", "best chair", "good lamp", "cheap lamp"]),
        ("&minPrice=100", ["best chair", "good lamp", "cheap lamp"]),
        ("&maxPrice=100", ["worn chair", "cheap lamp"]),
        ("&minPrice=100&maxPrice=500", ["good lamp", "cheap lamp"]),
        ("&minPrice=501&maxPrice=500", []),
        ("&q=lamps", ["good lamp", "cheap lamp"]),
        ("&q=worn%20good", ["worn chair", "good lamp"]),
        ("&q=CHAIR&minPrice=100", ["best chair"]),
        ("&q=nowhere", []),
    ],
)
async def test_filters_are_joined_and_the_newest_comes_first(shop, shelf, query, names):
    path = f"/products?category=the%20shelf{query}"
    everything = (await shop.products.get(f"{path}&limit=100")).body["items"]
    assert [item["name"] for item in everything] == names
    pages = []
    while path:
        page = await shop.products.get(f"{path}{'' if 'limit' in path else '&limit=1'}")
        pages += page.body["items"]
        link = page.headers.get("Link")
        assert (link is None) == (page.body["nextCursor"] is None)
        path = link and link.partition("/api/v1")[2].partition(">")[0]
    assert pages == everything


async def test_many_are_read_by_their_ids_and_unknown_ones_are_left_out(shop, shelf):
    ids = [shelf["good lamp"], UNKNOWN, "any-id", shelf["worn chair"]]
    found = (await shop.products.get(f"/products?ids={','.join(ids)}")).body["items"]
    assert [item["name"] for item in found] == ["worn chair", "good lamp"]
    hundred = ",".join([*(f"id-{n}" for n in range(99)), shelf["good lamp"]])
    found = (await shop.products.get(f"/products?ids={hundred}&limit=100")).body["items"]
    assert [item["name"] for item in found] == ["good lamp"]
    dear = await shop.products.get(f"/products?ids={','.join(ids)}&minPrice=100")
    assert [item["name"] for item in dear.body["items"]] == ["good lamp"]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "?limit"),
        ("limit=101", "?limit"),
        ("minPrice=-1", "?minPrice"),
        ("maxPrice=1.5", "?maxPrice"),
        ("q=", "?q"),
        ("ids=", "?ids"),
        ("ids=a,a", "?ids"),
        ("ids=a,b%20c", "?ids"),
        (f"ids={','.join(str(n) for n in range(101))}", "?ids"),
        ("sort=price", "?sort"),
    ],
)
async def test_a_query_that_breaks_the_schema_is_refused(shop, query, pointer):
    refused = await shop.products.get(f"/products?{query}")
    assert (refused.code, refused.pointers) == ((422, "validation-failed"), [pointer])


async def test_a_cursor_holds_only_for_the_list_that_gave_it(shop, shelf):
    own = "/products?category=the%20shelf"
    cursor = (await shop.products.get(f"{own}&limit=1")).body["nextCursor"]
    assert (await shop.products.get(f"{own}&cursor={cursor}")).status == 200
    for path in (
        f"/products?cursor={cursor}",
        f"{own}&minPrice=1&cursor={cursor}",
        f"/products/{shelf['good lamp']}/stockAdjustments?cursor={cursor}",
        f"{own}&cursor={cursor[:-2]}",
        f"{own}&cursor=forged",
    ):
        assert (await shop.products.get(path)).code == (422, "invalid-cursor")

"""Stock adjustments and reservations over HTTP."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from tests.asking import Answer, add_product, until
from tests.served import ServedShop, served_shop

UNKNOWN = "prd_01j9x6ws0a2c4e6g8j0k2m4n6p"


@pytest.fixture(scope="module")
async def shop(mongo_uri: str, redis_url: str) -> AsyncIterator[ServedShop]:
    async with served_shop(mongo_uri, redis_url) as shop:
        yield shop


@pytest.fixture
async def lamp(shop) -> str:
    return await add_product(shop.products, stock=10, amount=1250)


@pytest.fixture
def order() -> str:
    """The address of a reservation that nobody has made."""
    return f"/reservations/{uuid4().hex}"


async def stock(shop: ServedShop, product: str) -> tuple[int, int]:
    """Return how many are on hand, and how many of those are reserved."""
    told = (await shop.products.get(f"/products/{product}")).body["stock"]
    assert told["available"] == told["onHand"] - told["reserved"]
    return told["onHand"], told["reserved"]


async def reserve(
    shop: ServedShop, order: str, *wanted: tuple[str, int], ttl: int | None = None, **headers: str
) -> Answer:
    body: dict[str, Any] = {"lines": [{"productId": p, "quantity": q} for p, q in wanted]}
    return await shop.products.put(order, body | ({"ttlSeconds": ttl} if ttl else {}), **headers)


# --- Stock adjustments ---------------------------------------------------------------------------


async def test_an_adjustment_changes_the_shelf_and_can_be_read(shop, lamp):
    where = f"/products/{lamp}/stockAdjustments"
    made = await shop.products.post(where, {"delta": -3, "reason": "broken"})
    assert (made.status, made.headers["ETag"]) == (201, '"1"')
    assert made.headers["Location"] == f"/api/v1{where}/{made.body['id']}"
    assert made.body["stock"] == {"onHand": 7, "reserved": 0, "available": 7}
    assert (made.body["productId"], made.body["reason"]) == (lamp, "broken")
    read = await shop.products.get(f"{where}/{made.body['id']}")
    assert (read.status, read.body) == (200, made.body)
    held = await shop.products.get(f"{where}/{made.body['id']}", if_none_match='"1"')
    assert (held.status, held.body) == (304, None)
    assert await stock(shop, lamp) == (7, 0)


async def test_adjustments_are_listed_newest_first_in_pages(shop, lamp):
    where = f"/products/{lamp}/stockAdjustments"
    made = [(await shop.products.post(where, {"delta": n, "reason": "x"})).body for n in range(3)]
    first = await shop.products.get(f"{where}?limit=2")
    assert first.body["items"] == made[:0:-1]
    rest = await shop.products.get(f"{where}?limit=2&cursor={first.body['nextCursor']}")
    assert (rest.body["items"], rest.body["nextCursor"]) == (made[:1], None)


async def test_nothing_that_is_reserved_is_taken_away(shop, lamp, order):
    await reserve(shop, order, (lamp, 4))
    where = f"/products/{lamp}/stockAdjustments"
    refused = await shop.products.post(where, {"delta": -7, "reason": "x"})
    assert refused.code == (409, "insufficient-stock")
    short = {"productId": lamp, "requested": 7, "available": 6}
    assert refused.body["shortages"] == [short]
    assert (await shop.products.post(where, {"delta": -6, "reason": "x"})).status == 201
    assert await stock(shop, lamp) == (4, 4)


async def test_an_adjustment_belongs_to_one_product(shop, lamp):
    where = f"/products/{lamp}/stockAdjustments"
    made = (await shop.products.post(where, {"delta": 1, "reason": "x"})).body
    other = await add_product(shop.products)
    for path in (f"/products/{other}", f"/products/{UNKNOWN}"):
        read = await shop.products.get(f"{path}/stockAdjustments/{made['id']}")
        assert read.code == (404, "not-found")


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"delta": 1}, "#/reason"),
        ({"reason": "x"}, "#/delta"),
        ({"delta": "1", "reason": "x"}, "#/delta"),
        ({"delta": 10**9 + 1, "reason": "x"}, "#/delta"),
        ({"delta": 1, "reason": "  "}, "#/reason"),
        ({"delta": 1, "reason": "x", "by": "me"}, "#/by"),
    ],
)
async def test_an_adjustment_that_breaks_the_schema_is_refused(shop, lamp, wrong, pointer):
    refused = await shop.products.post(f"/products/{lamp}/stockAdjustments", wrong)
    assert (refused.code, refused.pointers) == ((422, "validation-failed"), [pointer])


# --- Reserving -----------------------------------------------------------------------------------


async def test_a_reservation_holds_what_is_named_at_the_price_of_now(shop, lamp, order):
    product = (await shop.products.get(f"/products/{lamp}")).body
    made = await reserve(shop, order, (lamp, 2), (lamp, 1))
    assert made.status == 201
    assert made.headers["Location"] == f"/api/v1{order}"
    price = {"amount": 1250, "currency": "EUR"}
    line = {"productId": lamp, "sku": product["sku"], "name": product["name"], "quantity": 3}
    assert made.body["lines"] == [{**line, "unitPrice": price}]
    assert made.body["total"] == {"amount": 3750, "currency": "EUR"}
    assert (made.body["state"], made.body["orderId"]) == ("held", order.rpartition("/")[2])
    assert made.body["expiresAt"] > product["createdAt"]
    assert await stock(shop, lamp) == (10, 3)
    read = await shop.products.get(order)
    assert (read.body, read.headers["ETag"]) == (made.body, made.headers["ETag"])
    held = await shop.products.get(order, if_none_match=made.headers["ETag"])
    assert (held.status, held.body) == (304, None)


async def test_the_same_again_takes_nothing_again(shop, lamp, order):
    made = await reserve(shop, order, (lamp, 3))
    for wanted in ([(lamp, 3)], [(lamp, 1), (lamp, 2)]):
        again = await reserve(shop, order, *wanted)
        assert (again.status, again.body) == (200, made.body)
        assert "Location" not in again.headers
    assert await stock(shop, lamp) == (10, 3)
    assert (await reserve(shop, order, (lamp, 4))).code == (409, "reservation-differs")
    assert await stock(shop, lamp) == (10, 3)


async def test_all_lines_or_none(shop, lamp, order):
    short, shorter = [await add_product(shop.products, stock=n) for n in (2, 1)]
    refused = await reserve(shop, order, (lamp, 1), (short, 3), (shorter, 2))
    assert refused.code == (409, "insufficient-stock")
    assert refused.body["shortages"] == [
        {"productId": short, "requested": 3, "available": 2},
        {"productId": shorter, "requested": 2, "available": 1},
    ]
    assert [await stock(shop, p) for p in (lamp, short, shorter)] == [(10, 0), (2, 0), (1, 0)]
    assert (await shop.products.get(order)).code == (404, "not-found")
    assert (await reserve(shop, order, (lamp, 1), (short, 2))).status == 201


async def test_lines_that_cannot_be_sold_together_are_refused(shop, lamp, order):
    dollars = await add_product(shop.products, currency="USD")
    dear = await add_product(shop.products, amount=10**12)
    unknown = await reserve(shop, order, (UNKNOWN, 1), (lamp, 1), (UNKNOWN, 1))
    assert unknown.code == (422, "unknown-product")
    assert unknown.pointers == ["#/lines/0/productId", "#/lines/2/productId"]
    mixed = await reserve(shop, order, (lamp, 1), (dollars, 1))
    assert mixed.code == (422, "mixed-currencies")
    assert (await reserve(shop, order, (dear, 2))).code == (422, "total-too-large")
    assert await stock(shop, lamp) == (10, 0)


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({}, "#/lines"),
        ({"lines": []}, "#/lines"),
        ({"lines": [{"productId": UNKNOWN}]}, "#/lines/0/quantity"),
        ({"lines": [{"productId": UNKNOWN, "quantity": 0}]}, "#/lines/0/quantity"),
        ({"lines": [{"productId": UNKNOWN, "quantity": 1}], "ttlSeconds": 0}, "#/ttlSeconds"),
        ({"lines": [{"productId": UNKNOWN, "quantity": 1}], "state": "held"}, "#/state"),
    ],
)
async def test_a_reservation_that_breaks_the_schema_is_refused(shop, order, wrong, pointer):
    refused = await shop.products.put(order, wrong)
    assert (refused.code, refused.pointers) == ((422, "validation-failed"), [pointer])


async def test_if_match_asks_for_a_reservation_that_is_there(shop, lamp, order):
    refused = await reserve(shop, order, (lamp, 1), if_match='"1"')
    assert refused.code == (412, "precondition-failed")
    made = await reserve(shop, order, (lamp, 1))
    again = await reserve(shop, order, (lamp, 1), if_match=made.headers["ETag"])
    assert again.status == 200
    stale = await reserve(shop, order, (lamp, 1), if_match='"999"')
    assert stale.code == (412, "precondition-failed")


async def test_ids_that_no_order_can_have_lead_nowhere(shop, lamp):
    for order_id in ("a" * 65, "a.b", "%20"):
        path = f"/reservations/{order_id}"
        for answer in (
            await reserve(shop, path, (lamp, 1)),
            await shop.products.get(path),
            await shop.products.post(f"{path}/commit"),
            await shop.products.post(f"{path}/release"),
        ):
            assert answer.code == (404, "not-found")


async def test_many_at_once_get_no_more_than_there_is(shop, lamp):
    orders = [f"/reservations/{uuid4().hex}" for _ in range(32)]
    answers = await asyncio.gather(*(reserve(shop, order, (lamp, 1)) for order in orders))
    assert Counter(answer.status for answer in answers) == {201: 10, 409: 22}
    assert {answer.code for answer in answers if answer.status == 409} == {
        (409, "insufficient-stock")
    }
    assert await stock(shop, lamp) == (10, 10)


# --- Commit, release, expire ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operations", "state", "on_hand", "reserved"),
    [
        (["commit"], "committed", 8, 0),
        (["commit", "commit"], "committed", 8, 0),
        (["release"], "released", 10, 0),
        (["release", "release"], "released", 10, 0),
        (["commit", "release"], "released", 10, 0),
        (["commit", "release", "release"], "released", 10, 0),
    ],
)
async def test_what_is_held_is_sold_or_given_back_once(
    shop, lamp, order, operations, state, on_hand, reserved
):
    tags = {(await reserve(shop, order, (lamp, 2))).headers["ETag"]}
    for operation in operations:
        answer = await shop.products.post(f"{order}/{operation}")
        assert answer.status == 200
        tags.add(answer.headers["ETag"])
    assert answer.body["state"] == state
    assert len(tags) == 1 + len(set(operations))
    assert (await shop.products.get(order)).body == answer.body
    assert await stock(shop, lamp) == (on_hand, reserved)


async def test_what_was_released_stays_released(shop, lamp, order):
    await reserve(shop, order, (lamp, 2))
    await shop.products.post(f"{order}/release")
    refused = await shop.products.post(f"{order}/commit")
    assert refused.code == (409, "reservation-released")
    assert (await reserve(shop, order, (lamp, 2))).code == (409, "reservation-released")
    assert await stock(shop, lamp) == (10, 0)


async def test_an_order_that_is_not_known_is_released_for_later(shop, lamp, order):
    buried = await shop.products.post(f"{order}/release")
    assert (buried.status, buried.body["state"], buried.body["lines"]) == (200, "released", [])
    assert not {"total", "expiresAt"} & buried.body.keys()
    assert (await shop.products.get(order)).body == buried.body
    assert (await reserve(shop, order, (lamp, 2))).code == (409, "reservation-released")
    assert (await shop.products.post(f"{order}/commit")).code == (409, "reservation-released")


async def test_what_was_never_reserved_cannot_be_sold_or_read(shop, order):
    assert (await shop.products.get(order)).code == (404, "not-found")
    assert (await shop.products.post(f"{order}/commit")).code == (404, "not-found")


async def test_a_reservation_expires_and_stays_expired(shop, lamp, order):
    await reserve(shop, order, (lamp, 2), ttl=1)
    expired = await until(lambda: shop.products.get(order), lambda body: body["state"] != "held")
    assert expired["state"] == "expired"
    await until(
        lambda: shop.products.get(f"/products/{lamp}"), lambda body: not body["stock"]["reserved"]
    )
    assert (await shop.products.post(f"{order}/commit")).code == (409, "reservation-expired")
    assert (await reserve(shop, order, (lamp, 2))).code == (409, "reservation-expired")
    released = await shop.products.post(f"{order}/release")
    assert (released.status, released.body["state"]) == (200, "expired")
    assert await stock(shop, lamp) == (10, 0)


@pytest.mark.parametrize("operation", ["commit", "release"])
async def test_the_operations_take_no_query_and_no_other_method(shop, order, operation):
    refused = await shop.products.post(f"{order}/{operation}?now=1")
    assert (refused.code, refused.pointers) == ((422, "validation-failed"), ["?now"])
    assert (await shop.products.get(f"{order}/{operation}")).headers["Allow"] == "POST"

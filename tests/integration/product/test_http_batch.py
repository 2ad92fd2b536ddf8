"""Reserving, committing and releasing for many orders in one request."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import orjson
import pytest
from tests.asking import Answer, add_product, until
from tests.served import ServedShop, served_shop

BATCH = "/reservations/batch"
UNKNOWN = "prd_01j9x6ws0a2c4e6g8j0k2m4n6p"


@pytest.fixture(scope="module")
async def shop(mongo_uri: str, redis_url: str) -> AsyncIterator[ServedShop]:
    async with served_shop(mongo_uri, redis_url) as shop:
        yield shop


@pytest.fixture
async def lamp(shop) -> str:
    return await add_product(shop.products, stock=10, amount=1250)


def new_order() -> str:
    return uuid4().hex


def reserving(order: str, *wanted: tuple[str, int], ttl: int = 600) -> dict[str, Any]:
    lines = [{"productId": product, "quantity": quantity} for product, quantity in wanted]
    return {"op": "reserve", "orderId": order, "lines": lines, "ttlSeconds": ttl}


async def alone(shop: ServedShop, operation: dict[str, Any]) -> Answer:
    """Carry the operation of a batch out as a request of its own."""
    body = {k: v for k, v in operation.items() if k not in ("op", "orderId")}
    where = f"/reservations/{operation['orderId']}"
    if operation["op"] == "reserve":
        return await shop.products.put(where, body)
    return await shop.products.post(f"{where}/{operation['op']}")


async def batch(shop: ServedShop, *operations: dict[str, Any]) -> list[tuple[int, Any]]:
    answer = await shop.products.post(BATCH, {"operations": operations})
    assert answer.status == 200, answer
    return [(outcome["status"], outcome["body"]) for outcome in answer.body["outcomes"]]


# --- As alone ------------------------------------------------------------------------------------


@dataclass
class Case:
    """What is done first, what is compared then, and with which status it is answered."""

    status: int
    code: str | None
    operation: dict[str, Any]
    before: list[dict[str, Any]] = field(default_factory=list)

    def of(self, order: str, **products: str) -> "Case":
        """Put the ids of an order and of products in the place of their names."""
        text = orjson.dumps([self.operation, self.before]).decode()
        for name, there in {"ORDER": order, **products}.items():
            text = text.replace(f'"{name}"', f'"{there}"')
        operation, before = orjson.loads(text)
        return Case(self.status, self.code, operation, before)


TAKE = reserving("ORDER", ("LAMP", 2), ("VASE", 1))
COMMIT, RELEASE = {"op": "commit", "orderId": "ORDER"}, {"op": "release", "orderId": "ORDER"}
CASES = {
    "a hold": Case(201, None, TAKE),
    "a product named twice": Case(201, None, reserving("ORDER", ("LAMP", 1), ("LAMP", 2))),
    "a hold again": Case(200, None, TAKE, [TAKE]),
    "a hold of what is committed": Case(200, None, TAKE, [TAKE, COMMIT]),
    "too little": Case(
        409, "insufficient-stock", reserving("ORDER", ("LAMP", 11), ("VASE", 1), ("BOWL", 99))
    ),
    "other lines": Case(409, "reservation-differs", reserving("ORDER", ("LAMP", 1)), [TAKE]),
    "a hold of what is released": Case(409, "reservation-released", TAKE, [TAKE, RELEASE]),
    "a hold after its release": Case(409, "reservation-released", TAKE, [RELEASE]),
    "an unknown product": Case(
        422, "unknown-product", reserving("ORDER", ("LAMP", 1), (UNKNOWN, 1), ("none", 1))
    ),
    "two currencies": Case(422, "mixed-currencies", reserving("ORDER", ("LAMP", 1), ("YEN", 1))),
    "a total beyond all": Case(422, "total-too-large", reserving("ORDER", ("PALACE", 2))),
    "a commit": Case(200, None, COMMIT, [TAKE]),
    "a commit again": Case(200, None, COMMIT, [TAKE, COMMIT]),
    "a commit of nothing": Case(404, "not-found", COMMIT),
    "a commit of what is released": Case(409, "reservation-released", COMMIT, [TAKE, RELEASE]),
    "a release": Case(200, None, RELEASE, [TAKE]),
    "a release again": Case(200, None, RELEASE, [TAKE, RELEASE]),
    "a release of what is committed": Case(200, None, RELEASE, [TAKE, COMMIT]),
    "a release of nothing": Case(200, None, RELEASE),
}


def comparable(status: int, body: Any, order: str) -> tuple[int, Any]:
    text = orjson.dumps(body).decode().replace(order, "ORDER")
    shown = orjson.loads(text)
    for other in ("traceId", "expiresAt"):
        if other in shown:
            shown[other] = "..."
    return status, shown


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_an_outcome_is_what_the_operation_is_answered_with_alone(shop, case):
    products = {
        "LAMP": await add_product(shop.products, stock=10, amount=1250),
        "VASE": await add_product(shop.products, stock=10),
        "BOWL": await add_product(shop.products, stock=10),
        "YEN": await add_product(shop.products, currency="JPY"),
        "PALACE": await add_product(shop.products, amount=10**12),
    }
    first, second = new_order(), new_order()
    one, other = case.of(first, **products), case.of(second, **products)
    for before in (*one.before, *other.before):
        await alone(shop, before)
    answer = await alone(shop, one.operation)
    neighbour = reserving(new_order(), (products["VASE"], 1))
    outcomes = await batch(shop, neighbour, other.operation)
    assert outcomes[0][0] == 201
    assert outcomes[1][0] == case.status
    assert outcomes[1][1].get("code") == case.code
    assert comparable(*outcomes[1], second) == comparable(answer.status, answer.body, first)


async def test_what_has_expired_is_told_as_alone(shop, lamp):
    orders = new_order(), new_order()
    made = await batch(shop, *(reserving(order, (lamp, 1), ttl=1) for order in orders))
    assert [status for status, _ in made] == [201, 201]
    for order in orders:
        where = f"/reservations/{order}"
        await until(lambda at=where: shop.products.get(at), lambda it: it["state"] == "expired")
    for op in (reserving("ORDER", (lamp, 1)), COMMIT, RELEASE):
        one = await alone(shop, {**op, "orderId": orders[0]})
        (other,) = await batch(shop, {**op, "orderId": orders[1]})
        assert comparable(*other, orders[1]) == comparable(one.status, one.body, orders[0])


# --- Together ------------------------------------------------------------------------------------


async def test_the_outcomes_come_in_the_order_of_the_operations(shop, lamp):
    orders = [new_order() for _ in range(8)]
    outcomes = await batch(shop, *(reserving(order, (lamp, 1)) for order in orders))
    assert [body["orderId"] for _, body in outcomes] == orders
    assert {status for status, _ in outcomes} == {201}


async def test_a_batch_takes_as_much_as_there_is_and_no_more(shop, lamp):
    asked = [reserving(new_order(), (lamp, 3)) for _ in range(40)]
    outcomes = await batch(shop, *asked)
    assert sorted(status for status, _ in outcomes) == [201] * 3 + [409] * 37
    assert {body["code"] for status, body in outcomes if status == 409} == {"insufficient-stock"}
    again = await batch(shop, *asked)
    assert [status for status, _ in again] == [
        200 if status == 201 else 409 for status, _ in outcomes
    ]
    stock = (await shop.products.get(f"/products/{lamp}")).body["stock"]
    assert stock == {"onHand": 10, "reserved": 9, "available": 1}


async def test_one_order_twice_in_a_batch_is_two_calls_at_once(shop, lamp):
    order = new_order()
    outcomes = await batch(shop, *[reserving(order, (lamp, 2))] * 5)
    assert sorted(status for status, _ in outcomes) == [200] * 4 + [201]
    assert len({orjson.dumps(body) for _, body in outcomes}) == 1
    ended = await batch(shop, {**COMMIT, "orderId": order}, {**RELEASE, "orderId": order})
    assert ended[1] == (200, ended[1][1])
    assert (await shop.products.get(f"/reservations/{order}")).body["state"] == "released"
    stock = (await shop.products.get(f"/products/{lamp}")).body["stock"]
    assert stock == {"onHand": 10, "reserved": 0, "available": 10}


async def test_batches_at_once_do_not_disturb_one_another(shop, lamp):
    batches = [[reserving(new_order(), (lamp, 1)) for _ in range(8)] for _ in range(8)]
    made = await asyncio.gather(*(batch(shop, *each) for each in batches))
    assert sorted(status for outcomes in made for status, _ in outcomes) == [201] * 10 + [409] * 54


# --- What is refused as a whole ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "pointer"),
    [
        ({"op": "reserve", "orderId": "o"}, "/lines"),
        ({"op": "reserve", "orderId": "o", "lines": []}, "/lines"),
        (reserving("o", (UNKNOWN, 0)), "/lines/0/quantity"),
        (reserving("o", ("p r d", 1)), "/lines/0/productId"),
        (reserving("o", (UNKNOWN, 1), ttl=0), "/ttlSeconds"),
        (reserving("a.b", (UNKNOWN, 1)), "/orderId"),
        ({**reserving("o", (UNKNOWN, 1)), "by": "me"}, "/by"),
        ({**COMMIT, "ttlSeconds": 5}, "/ttlSeconds"),
        ({**reserving("o", (UNKNOWN, 1)), "op": "release", "ttlSeconds": 5}, "/lines"),
        ({"op": "expire", "orderId": "o"}, "/op"),
        ({"orderId": "o"}, "/op"),
        ({"op": "commit"}, "/orderId"),
        (5, ""),
    ],
)
async def test_a_batch_that_breaks_the_schema_does_nothing(shop, lamp, operation, pointer):
    order = new_order()
    refused = await shop.products.post(
        BATCH, {"operations": [reserving(order, (lamp, 1)), operation]}
    )
    assert refused.code == (422, "validation-failed")
    assert f"#/operations/1{pointer}" in refused.pointers
    assert (await shop.products.get(f"/reservations/{order}")).status == 404


@pytest.mark.parametrize("number", [0, 129])
async def test_a_batch_has_one_operation_at_least_and_128_at_most(shop, number):
    refused = await shop.products.post(
        BATCH, {"operations": [{"op": "release", "orderId": f"{n}"} for n in range(number)]}
    )
    assert (refused.code, refused.pointers) == ((422, "validation-failed"), ["#/operations"])


async def test_128_operations_are_taken(shop):
    asked = [{"op": "commit", "orderId": new_order()} for _ in range(128)]
    assert {status for status, _ in await batch(shop, *asked)} == {404}


async def test_an_order_may_still_be_called_batch(shop, lamp):
    lines = [{"productId": lamp, "quantity": 1}]
    assert (await shop.products.put(BATCH, {"lines": lines})).status == 201
    assert (await shop.products.get(BATCH)).body["orderId"] == "batch"


async def test_a_batch_whose_time_is_over_says_so_of_each_operation(shop, lamp):
    answer = await shop.products.post(
        BATCH, {"operations": [reserving(new_order(), (lamp, 1))]}, request_timeout_ms="0"
    )
    told = [outcome["status"] for outcome in answer.body.get("outcomes", [])]
    assert (answer.status, told) in [(200, [504]), (503, []), (504, [])]

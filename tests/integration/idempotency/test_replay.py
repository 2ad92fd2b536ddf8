"""A POST that creates is done once for each key, and its answer is given again."""

import asyncio
import socket
from collections import Counter
from uuid import uuid4

import orjson
import pytest
from tests.asking import Api, add_customer, add_product
from tests.integration.idempotency.twins import Case, Sent, Twin, Twins
from tests.served import at_rest


def code(sent: Sent) -> tuple[int, str]:
    assert sent.headers["Content-Type"] == "application/problem+json"
    return sent.status, orjson.loads(sent.body)["code"]


def pointers(sent: Sent) -> list[str]:
    return [error["pointer"] for error in orjson.loads(sent.body)["errors"]]


def as_other_text(body: object) -> bytes:
    """Return the same JSON, with other spaces and its keys the other way round."""

    def turned(value: object) -> object:
        if isinstance(value, dict):
            return {name: turned(value[name]) for name in reversed(value)}
        return value

    return orjson.dumps(turned(body), option=orjson.OPT_INDENT_2)


async def test_the_same_request_is_answered_again_byte_for_byte(case: Case, key: str):
    body = orjson.dumps(case.body)
    first = await case.first.send(case.path, body, key)
    assert first.status == 201
    assert not first.replayed
    assert None not in first.kept[1][:3]
    for twin in (case.first, case.second):
        for text in (body, as_other_text(case.body)):
            again = await twin.send(case.path, text, key)
            assert again.replayed
            assert again.kept == first.kept
    assert await case.made() == 1


async def test_another_body_is_refused_and_makes_nothing(case: Case, key: str):
    first = await case.first.send(case.path, orjson.dumps(case.body), key)
    refused = await case.second.send(case.path, orjson.dumps(case.other), key)
    assert code(refused) == (422, "idempotency-key-reused")
    assert pointers(refused) == ["Idempotency-Key"]
    assert (await case.second.send(case.path, orjson.dumps(case.body), key)).kept == first.kept
    assert await case.made() == 1


async def test_a_request_that_breaks_the_schema_does_not_take_the_key(case: Case, key: str):
    refused = await case.first.send(case.path, orjson.dumps(case.invalid), key)
    assert code(refused) == (422, "validation-failed")
    assert code(await case.first.send(case.path, b"{", key)) == (400, "malformed-request")
    assert (await case.second.send(case.path, orjson.dumps(case.body), key)).status == 201
    assert await case.made() == 1


async def test_of_twenty_at_once_one_makes_it(case: Case, key: str):
    body = orjson.dumps(case.body)
    asked = [
        twin.send(case.path, body, key) for _ in range(10) for twin in (case.first, case.second)
    ]
    answers = await asyncio.gather(*asked)
    assert await case.made() == 1
    [first] = [sent for sent in answers if sent.status == 201 and not sent.replayed]
    for sent in answers:
        if sent.status == 409:
            assert code(sent) == (409, "request-in-progress")
            assert sent.headers["Retry-After"] == "1"
        else:
            assert sent.kept == first.kept
    assert (await case.first.send(case.path, body, key)).kept == first.kept


async def test_without_a_key_each_request_makes_something(shop: Twins):
    async with Api(shop.product[0].url) as api:
        product = await add_product(api, stock=1)
        for _ in range(2):
            path = f"/products/{product}/stockAdjustments"
            answer = await api.post(path, {"delta": 1, "reason": "found"})
            assert answer.status == 201
            assert "Idempotency-Replayed" not in answer.headers
        assert (await api.get(f"/products/{product}")).body["stock"]["onHand"] == 3


async def test_a_key_belongs_to_one_operation(shop: Twins, key: str):
    draft = {"sku": uuid4().hex, "name": "Lamp", "price": {"amount": 1, "currency": "EUR"}}
    async with Api(shop.product[0].url) as api:
        product = (await api.post("/products", draft, Idempotency_Key=key)).body["id"]
        path = f"/products/{product}/stockAdjustments"
        made = await api.post(path, {"delta": 1, "reason": "found"}, Idempotency_Key=key)
    assert (made.status, "Idempotency-Replayed" in made.headers) == (201, False)


async def test_a_key_belongs_to_one_product(shop: Twins, key: str):
    async with Api(shop.product[0].url) as api:
        paths = [f"/products/{await add_product(api)}/stockAdjustments" for _ in range(2)]
        answers = [
            await api.post(path, {"delta": 1, "reason": "found"}, Idempotency_Key=key)
            for path in paths
        ]
    assert answers[0].status == 201
    assert answers[1].code == (422, "idempotency-key-reused")


class TestRefusals:
    async def test_too_little_stock(self, shop: Twins, key: str):
        async with Api(shop.product[0].url) as api:
            product = await add_product(api, stock=1)
            path = f"/products/{product}/stockAdjustments"
            taken = orjson.dumps({"delta": -2, "reason": "lost"})
            first = await shop.product[0].send(path, taken, key)
            assert code(first) == (409, "insufficient-stock")
            await api.post(path, {"delta": 5, "reason": "found"})
        await _stands(first, shop.product[1], path, taken, key)

    async def test_a_taken_email(self, shop: Twins, key: str):
        email = f"{uuid4().hex}@example.com"
        body = orjson.dumps({"email": email, "firstName": "Ada", "lastName": "Byron"})
        async with Api(shop.customer[0].url) as api:
            other = await add_customer(api, email=email)
            first = await shop.customer[0].send("/customers", body, key)
            assert code(first) == (409, "email-taken")
            assert (await api.delete(f"/customers/{other}")).status == 204
        await _stands(first, shop.customer[1], "/customers", body, key)

    async def test_an_unknown_customer(self, shop: Twins, key: str):
        async with Api(shop.product[0].url) as api:
            line = {"productId": await add_product(api), "quantity": 1}
        body = orjson.dumps({"customerId": "cus_" + 26 * "0", "lines": [line]})
        first = await shop.order[0].send("/orders", body, key)
        assert code(first) == (422, "unknown-customer")
        assert "orderId" in orjson.loads(first.body)
        await _stands(first, shop.order[1], "/orders", body, key)

    async def test_a_product_that_is_not_there(self, shop: Twins, key: str):
        path = f"/products/prd_{26 * '0'}/stockAdjustments"
        body = orjson.dumps({"delta": 1, "reason": "found"})
        first = await shop.product[0].send(path, body, key)
        assert first.status == 404
        await _stands(first, shop.product[1], path, body, key)


async def _stands(first: Sent, twin: Twin, path: str, body: bytes, key: str) -> None:
    again = await twin.send(path, body, key)
    assert again.replayed
    assert again.kept == first.kept


async def test_an_order_that_was_accepted_is_accepted_again(shop: Twins, key: str):
    """Even when it has been confirmed since: the first answer is given, byte for byte."""
    async with Api(shop.customer[0].url) as api:
        customer = await add_customer(api)
    async with Api(shop.product[0].url) as api:
        line = {"productId": await add_product(api), "quantity": 1}
    body = orjson.dumps({"customerId": customer, "lines": [line]})
    await shop.product[1].stop()  # the one that the order service asks
    try:
        first = await shop.order[0].send("/orders", body, key)
        assert (first.status, first.headers["Retry-After"]) == (202, "1")
    finally:
        await shop.product[1].start()
    await at_rest(shop.database("order")["orders"])  # no breaker is left open for others
    await _stands(first, shop.order[1], "/orders", body, key)
    assert await shop.database("order")["orders"].count_documents({"customerId": customer}) == 1


@pytest.mark.parametrize("given", ["", 256 * "k", "schlüssel", "a\tb"])
async def test_a_key_that_breaks_the_contract_is_pointed_at(case: Case, given: str):
    refused = await case.first.send(case.path, orjson.dumps(case.body), given)
    assert code(refused) == (422, "validation-failed")
    assert pointers(refused) == ["Idempotency-Key"]
    assert await case.made() == 0


@pytest.mark.parametrize("more", ["", 223 * "k", " !\"#$%&'()*+,-./:;<=>?@[]^_`{|}~"])
async def test_a_key_may_be_any_text_of_up_to_255_characters(case: Case, key: str, more: str):
    body = orjson.dumps(case.body)
    first = await case.first.send(case.path, body, key + more)
    assert first.status == 201
    assert (await case.second.send(case.path, body, key + more)).kept == first.kept


async def test_a_key_that_is_given_twice_is_none(case: Case, key: str):
    body = orjson.dumps(case.body)
    headers = [
        ("Idempotency-Key", key),
        ("Idempotency-Key", key),
        ("Content-Length", str(len(body))),
    ]
    lines = [f"POST /api/v1{case.path} HTTP/1.1", "Host: x", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers] + ["Connection: close", "", ""]
    port = int(case.first.url.split(":")[2].split("/")[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", port, family=socket.AF_INET)
    writer.write("\r\n".join(lines).encode() + body)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 422 ")
    assert b'"pointer":"Idempotency-Key"' in answer
    assert await case.made() == 0


async def test_keys_go_after_a_day_by_themselves(shop: Twins):
    for service in ("customer", "product", "order"):
        indexes = await shop.database(service)["idempotencyKeys"].index_information()
        assert indexes["kept"]["key"] == [("createdAt", 1)]
        assert indexes["kept"]["expireAfterSeconds"] == 24 * 60 * 60


async def test_a_key_says_when_it_came(case: Case, shop: Twins, key: str):
    before = shop.clock()
    await case.first.send(case.path, orjson.dumps(case.body), key)
    after = shop.clock()
    found: Counter[str] = Counter()
    for service in ("customer", "product", "order"):
        stored = shop.database(service)["idempotencyKeys"]
        async for kept in stored.find({"_id": {"$regex": f":{key}$"}}):
            assert before <= kept["createdAt"] <= after
            found[service] += 1
    assert sum(found.values()) == 1


async def test_keys_outlive_the_instance(case: Case, key: str):
    body = orjson.dumps(case.body)
    first = await case.first.send(case.path, body, key)
    for twin in (case.first, case.second):
        await twin.stop()
        await twin.start()
        assert (await twin.send(case.path, body, key)).kept == first.kept
    assert await case.made() == 1

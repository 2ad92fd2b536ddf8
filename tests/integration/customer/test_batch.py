"""Orders are linked and unlinked many at a time."""

import asyncio
from typing import Any

import orjson
import pytest
from tests.integration.customer.api import Answer, Api, link

BATCH = "/customerOrders/batch"
UNKNOWN = "cus_00000000000000000000000000"
LINK = {"op": "link", **link(3, "confirmed")}
PENDING = {"op": "link", **link(1)}
NEWER = {"op": "link", **link(5, "paid")}
UNLINK = {"op": "unlink"}
UNLINK_LATER = {"op": "unlink", "orderVersion": 7}

CASES: dict[str, tuple[int, str | None, dict[str, Any], list[dict[str, Any]]]] = {
    "a link": (201, None, LINK, []),
    "a link without a total": (201, None, PENDING, []),
    "a link again": (200, None, LINK, [LINK]),
    "an older one": (200, None, LINK, [NEWER]),
    "a newer one": (200, None, NEWER, [LINK]),
    "one that comes back": (200, None, {"op": "link", **link(8, "paid")}, [LINK, UNLINK_LATER]),
    "one that was unlinked": (409, "order-unlinked", LINK, [LINK, UNLINK]),
    "one that was unlinked before": (409, "order-unlinked", LINK, [UNLINK_LATER]),
    "an unlinking": (204, None, UNLINK, [LINK]),
    "an unlinking of a version": (204, None, UNLINK_LATER, [LINK]),
    "an unlinking again": (404, "not-found", UNLINK, [LINK, UNLINK]),
    "an unlinking of nothing": (404, "not-found", UNLINK_LATER, []),
}


@pytest.fixture
async def customer(api: Api) -> str:
    return (await api.customer()).removeprefix("/customers/")


async def alone(api: Api, operation: dict[str, Any]) -> Answer:
    """Carry the operation of a batch out as a request of its own."""
    where = f"/customerOrders/{operation['customerId']}/{operation['orderId']}"
    body = {k: v for k, v in operation.items() if k not in ("op", "customerId", "orderId")}
    if operation["op"] == "unlink":
        return await api.delete(where, **body)
    return await api.put(where, body)


async def batch(api: Api, *operations: dict[str, Any]) -> list[tuple[int, Any]]:
    answer = await api.post(BATCH, {"operations": operations})
    assert answer.status == 200, answer
    return [(outcome["status"], outcome["body"]) for outcome in answer.json["outcomes"]]


def comparable(status: int, body: Any, order: str) -> tuple[int, Any]:
    shown = orjson.loads(orjson.dumps(body).decode().replace(order, "ORDER"))
    for other in ("traceId", "linkedAt", "updatedAt"):
        if shown and other in shown:
            shown[other] = "..."
    return status, shown


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_an_outcome_is_what_the_operation_is_answered_with_alone(
    api: Api, customer: str, case: tuple[int, str | None, dict[str, Any], list[dict[str, Any]]]
) -> None:
    status, code, operation, before = case
    for each in before:
        for order in ("ord_1", "ord_2"):
            await alone(api, {**each, "customerId": customer, "orderId": order})
    one = await alone(api, {**operation, "customerId": customer, "orderId": "ord_1"})
    outcomes = await batch(
        api,
        {**operation, "customerId": customer, "orderId": "ord_2"},
        {**LINK, "customerId": customer, "orderId": "ord_3"},
    )
    assert [outcome[0] for outcome in outcomes] == [status, 201]
    assert (outcomes[0][1] or {}).get("code") == code
    assert comparable(*outcomes[0], "ord_2") == comparable(one.status, one.json, "ord_1")


@pytest.mark.parametrize("unknown", [UNKNOWN, "nobody"])
async def test_an_unknown_customer_is_told_as_alone(api: Api, customer: str, unknown: str) -> None:
    for operation in (LINK, UNLINK_LATER):
        one = await alone(api, {**operation, "customerId": unknown, "orderId": "ord_1"})
        outcomes = await batch(
            api,
            {**operation, "customerId": unknown, "orderId": "ord_1"},
            {**LINK, "customerId": customer, "orderId": "ord_1"},
        )
        told = (outcomes[0][0], outcomes[0][1]["code"])
        assert told == (one.status, one.code) == (404, "not-found")
        assert outcomes[1][0] in {200, 201}


async def test_an_inactive_customer_is_told_as_alone(api: Api, customer: str) -> None:
    await api.post(f"/customers/{customer}/deactivate")
    (outcome,) = await batch(api, {**LINK, "customerId": customer, "orderId": "ord_1"})
    assert (outcome[0], outcome[1]["customerStatus"]) == (201, "inactive")


async def test_the_highest_version_in_a_batch_wins(api: Api, customer: str) -> None:
    operations = [
        {"op": "link", **link(version, "paid"), "customerId": customer, "orderId": "ord_1"}
        for version in (3, 9, 1, 5)
    ]
    outcomes = await batch(api, *operations)
    assert sorted(status for status, _ in outcomes) == [200, 200, 200, 201]
    shown = await api.get(f"/customerOrders/{customer}/ord_1")
    assert shown.json["orderVersion"] == 9
    assert {status for status, _ in await batch(api, *operations)} == {200}


async def test_batches_of_many_customers_at_once(api: Api) -> None:
    customers = [(await api.customer()).removeprefix("/customers/") for _ in range(8)]

    async def all_of(number: int) -> list[tuple[int, Any]]:
        return await batch(
            api, *({**LINK, "customerId": each, "orderId": f"ord_{number}"} for each in customers)
        )

    made = await asyncio.gather(*map(all_of, range(8)))
    assert {status for outcomes in made for status, _ in outcomes} == {201}
    for each in customers:
        assert len(await api.walk(f"/customerOrders/{each}")) == 8


@pytest.mark.parametrize(
    ("fault", "pointer"),
    [
        ({"status": "lost"}, "/status"),
        ({"total": None}, "/total"),
        ({"total": {"amount": -1, "currency": "EUR"}}, "/total/amount"),
        ({"placedAt": "yesterday, at about noon"}, "/placedAt"),
        ({"orderVersion": 0}, "/orderVersion"),
        ({"orderId": "a.b"}, "/orderId"),
        ({"customerId": ""}, "/customerId"),
        ({"op": "forget"}, "/op"),
        ({"op": "unlink"}, "/status"),
        ({"surely": "unknown"}, "/surely"),
    ],
)
async def test_a_batch_that_breaks_the_schema_does_nothing(
    api: Api, customer: str, fault: dict[str, Any], pointer: str
) -> None:
    right = {**LINK, "customerId": customer, "orderId": "ord_1"}
    refused = await api.post(BATCH, {"operations": [right, {**right, **fault}]})
    assert (refused.status, refused.code) == (422, "validation-failed")
    assert f"#/operations/1{pointer}" in refused.pointers
    assert (await api.get(f"/customerOrders/{customer}/ord_1")).status == 404


async def test_what_a_link_needs_is_named(api: Api, customer: str) -> None:
    bare = {"op": "link", "customerId": customer, "orderId": "ord_1"}
    refused = await api.post(BATCH, {"operations": [bare]})
    needed = ("status", "total", "placedAt", "orderVersion")
    assert {*refused.pointers} == {f"#/operations/0/{name}" for name in needed}


@pytest.mark.parametrize("number", [0, 129])
async def test_a_batch_has_one_operation_at_least_and_128_at_most(api: Api, number: int) -> None:
    each = {**UNLINK, "customerId": UNKNOWN, "orderId": "ord_1"}
    refused = await api.post(BATCH, {"operations": [each] * number})
    assert (refused.code, refused.pointers) == ("validation-failed", ["#/operations"])

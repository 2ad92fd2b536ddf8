"""An order is linked, and its link brought up to date."""

import asyncio
import random

import pytest
from tests.integration.customer.api import Api, link, orders_of

UNKNOWN = "/customers/cus_00000000000000000000000000"
EUR = {"amount": 1999, "currency": "EUR"}


@pytest.fixture
async def customer(api: Api) -> str:
    return await api.customer()


async def test_the_first_put_links_and_says_where(api: Api, customer: str) -> None:
    order = orders_of(customer, "ord_1")
    linked = await api.put(order, link(3, placedAt="2026-01-31T13:00:00.1239+01:00"))
    assert (linked.status, linked.etag) == (201, '"1"')
    assert linked.headers["Location"] == f"/api/v1{order}"
    assert linked.json.pop("customerStatus") == "active"
    shown = (await api.get(linked.headers["Location"])).json
    assert shown == linked.json
    at = shown.pop("linkedAt")
    assert shown == {
        "customerId": customer.removeprefix("/customers/"),
        "orderId": "ord_1",
        "status": "pending",
        "total": None,
        "placedAt": "2026-01-31T12:00:00.123Z",
        "orderVersion": 3,
        "updatedAt": at,
    }


async def test_the_next_put_brings_it_up_to_date(api: Api, customer: str) -> None:
    order = orders_of(customer, "ord_1")
    await api.put(order, link(1))
    changed = await api.put(order, link(2, "confirmed"))
    assert (changed.status, changed.etag) == (200, '"2"')
    assert "Location" not in changed.headers
    shown = await api.get(order)
    assert shown.etag == '"2"'
    assert (shown.json["status"], shown.json["total"]) == ("confirmed", EUR)


@pytest.mark.parametrize("version", [1, 2])
async def test_an_older_or_equal_order_version_changes_nothing(
    api: Api, customer: str, version: int
) -> None:
    order = orders_of(customer, "ord_1")
    first = await api.put(order, link(2, "confirmed"))
    again = await api.put(order, link(version, "cancelled"))
    assert (again.status, again.etag, again.json) == (200, '"1"', first.json)


async def test_the_highest_of_concurrent_order_versions_wins(api: Api, customer: str) -> None:
    for round_ in range(10):
        order = orders_of(customer, f"ord_{round_}")
        versions = random.Random(round_).sample(range(1, 1000), 20)
        bodies = [link(v, "paid", total={"amount": v, "currency": "EUR"}) for v in versions]
        answers = await asyncio.gather(*(api.put(order, body) for body in bodies))
        assert sorted(answer.status for answer in answers) == [200] * 19 + [201]
        shown = (await api.get(order)).json
        assert shown["orderVersion"] == shown["total"]["amount"] == max(versions)


async def test_the_answer_tells_the_customers_status(api: Api, customer: str) -> None:
    await api.post(f"{customer}/deactivate")
    linked = await api.put(orders_of(customer, "ord_1"), link())
    assert (linked.status, linked.json["customerStatus"]) == (201, "inactive")


async def test_an_unknown_customer_is_not_linked(api: Api) -> None:
    order = orders_of(UNKNOWN, "ord_1")
    assert (await api.put(order, link())).code == "not-found"
    assert (await api.get(order)).status == 404
    assert (await api.get(orders_of(UNKNOWN))).status == 404


async def test_an_unknown_customer_is_unknown_to_all_who_link_at_once(api: Api) -> None:
    order = orders_of(UNKNOWN, "ord_1")
    for _ in range(10):
        answers = await asyncio.gather(*(api.put(order, link(n + 1)) for n in range(10)))
        assert {answer.status for answer in answers} == {404}


@pytest.mark.parametrize("status", ["confirmed", "paid", "shipped", "delivered", "cancelled"])
async def test_only_a_pending_or_rejected_order_has_no_total(
    api: Api, customer: str, status: str
) -> None:
    refused = await api.put(orders_of(customer, "ord_1"), link(1, status, total=None))
    assert (refused.status, refused.pointers) == (422, ["#/total"])


@pytest.mark.parametrize("status", ["pending", "rejected"])
async def test_a_pending_or_rejected_order_may_have_a_total_or_none(
    api: Api, customer: str, status: str
) -> None:
    for order_id, total in (("ord_1", None), ("ord_2", EUR)):
        linked = await api.put(orders_of(customer, order_id), link(1, status, total=total))
        assert (linked.status, linked.json["total"]) == (201, total)


@pytest.mark.parametrize(
    ("fault", "pointer"),
    [
        ({"status": "lost"}, "#/status"),
        ({"total": {"amount": -1, "currency": "EUR"}}, "#/total/amount"),
        ({"total": {"amount": 10**12 + 1, "currency": "EUR"}}, "#/total/amount"),
        ({"total": {"amount": 1.5, "currency": "EUR"}}, "#/total/amount"),
        ({"total": {"amount": 1, "currency": "eur"}}, "#/total/currency"),
        ({"total": {"amount": 1}}, "#/total/currency"),
        ({"placedAt": "2026-01-31T12:00:00"}, "#/placedAt"),
        ({"placedAt": "yesterday, at about noon"}, "#/placedAt"),
        ({"orderVersion": 0}, "#/orderVersion"),
        ({"orderVersion": 2**53}, "#/orderVersion"),
        ({"orderVersion": "1"}, "#/orderVersion"),
        ({"customerStatus": "active"}, "#/customerStatus"),
    ],
)
async def test_a_body_that_breaks_the_schema_is_refused(
    api: Api, customer: str, fault: dict[str, object], pointer: str
) -> None:
    refused = await api.put(orders_of(customer, "ord_1"), link(**fault))
    assert (refused.code, refused.pointers) == ("validation-failed", [pointer])


async def test_every_field_is_required(api: Api, customer: str) -> None:
    refused = await api.put(orders_of(customer, "ord_1"), {})
    assert {*refused.pointers} == {"#/status", "#/total", "#/placedAt", "#/orderVersion"}


@pytest.mark.parametrize("order_id", ["a" * 65, "a.b", "a%20b", "ä"])
async def test_an_order_id_of_another_form_is_nowhere(
    api: Api, customer: str, order_id: str
) -> None:
    assert (await api.put(orders_of(customer, order_id), link())).code == "not-found"

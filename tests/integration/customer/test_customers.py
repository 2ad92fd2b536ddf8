"""A customer is created, read, replaced and deleted."""

import re

import pytest
from tests.integration.customer.api import Api, address, draft, link, orders_of

UNKNOWN = "/customers/cus_00000000000000000000000000"


async def test_a_customer_is_created_active_and_says_where(api: Api) -> None:
    given = draft(phone="+44 20 7946 0000", addresses=[address(line2="Flat 3"), address()])
    created = await api.post("/customers", given)
    assert (created.status, created.etag) == (201, '"1"')
    shown = await api.get(created.headers["Location"])
    assert (shown.status, shown.etag, shown.json) == (200, '"1"', created.json)
    own = {name: shown.json.pop(name) for name in ("id", "status", "createdAt", "updatedAt")}
    assert shown.json == given
    assert created.headers["Location"] == f"/api/v1/customers/{own['id']}"
    assert own["status"] == "active"
    assert own["createdAt"] == own["updatedAt"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", own["createdAt"])


async def test_what_is_not_set_is_left_out(api: Api) -> None:
    shown = (await api.get(await api.customer(addresses=[address()]))).json
    assert "phone" not in shown
    assert shown["addresses"] == [address()]
    assert (await api.get(await api.customer())).json["addresses"] == []


async def test_put_replaces_what_a_caller_may_set_and_nothing_else(api: Api) -> None:
    customer = await api.customer(phone="123", addresses=[address()])
    before = (await api.post(f"{customer}/deactivate")).json
    given = draft(firstName="Augusta")
    replaced = await api.put(customer, given)
    assert (replaced.status, replaced.etag) == (200, '"3"')
    assert (await api.get(customer)).json == replaced.json
    own = ("id", "status", "createdAt")
    rest = {"updatedAt": replaced.json["updatedAt"], **{name: before[name] for name in own}}
    assert replaced.json == {**given, "addresses": [], **rest}
    assert rest["status"] == "inactive"


async def test_a_deleted_customer_is_gone(api: Api) -> None:
    customer = await api.customer()
    await api.get(customer)
    deleted = await api.delete(customer)
    assert (deleted.status, deleted.json) == (204, None)
    assert (await api.get(customer)).code == "not-found"
    assert (await api.delete(customer)).code == "not-found"
    assert customer.removeprefix("/customers/") not in await api.walk("/customers")


async def test_open_orders_keep_a_customer(api: Api) -> None:
    customer = await api.customer()
    await api.put(orders_of(customer, "ord_1"), link(1, "delivered"))
    for version, status in enumerate(("pending", "confirmed", "paid", "shipped"), 1):
        await api.put(orders_of(customer, "ord_2"), link(version, status))
        assert (await api.delete(customer)).code == "open-orders"
    assert (await api.get(customer)).status == 200
    assert (await api.put(orders_of(customer, "ord_3"), link())).status == 201


async def test_final_orders_go_with_their_customer(api: Api) -> None:
    customer = await api.customer()
    finals = ("delivered", "cancelled", "rejected")
    orders = [orders_of(customer, f"ord_{status}") for status in finals]
    for order, status in zip(orders, finals, strict=True):
        await api.put(order, link(1, status))
        await api.get(order)
    assert (await api.delete(customer)).status == 204
    for order in [*orders, orders_of(customer)]:
        assert (await api.get(order)).status == 404


async def test_an_unlinked_order_does_not_keep_its_customer(api: Api) -> None:
    customer = await api.customer()
    await api.put(orders_of(customer, "ord_1"), link())
    await api.delete(orders_of(customer, "ord_1"))
    assert (await api.delete(customer)).status == 204


@pytest.mark.parametrize(
    "customer", [UNKNOWN, "/customers/ada", "/customers/cus_" + "A" * 26, UNKNOWN + "%0A"]
)
async def test_an_unknown_customer_is_not_found(api: Api, customer: str) -> None:
    for answer in (
        await api.get(customer),
        await api.put(customer, draft()),
        await api.patch(customer, {}),
        await api.delete(customer),
        await api.post(f"{customer}/activate"),
        await api.post(f"{customer}/deactivate"),
        await api.get(orders_of(customer)),
        await api.get(orders_of(customer, "ord_1")),
        await api.put(orders_of(customer, "ord_1"), link()),
        await api.delete(orders_of(customer, "ord_1")),
    ):
        assert answer.code == "not-found"


async def test_faults_in_the_body_are_named_and_nothing_is_created(api: Api) -> None:
    for fault, pointer in [
        ({"email": "ada"}, "#/email"),
        ({"email": "ada@example.com\n"}, "#/email"),
        ({"email": "a" * 251 + "@b.c"}, "#/email"),
        ({"email": None}, "#/email"),
        ({"firstName": " "}, "#/firstName"),
        ({"lastName": "L" * 101}, "#/lastName"),
        ({"lastName": 5}, "#/lastName"),
        ({"phone": "call me"}, "#/phone"),
        ({"phone": None}, "#/phone"),
        ({"addresses": [address()] * 21}, "#/addresses"),
        ({"addresses": [address(), address(country="gb")]}, "#/addresses/1/country"),
        ({"addresses": [{**address(), "planet": "Earth"}]}, "#/addresses/0/planet"),
        ({"addresses": "London"}, "#/addresses"),
        ({"status": "inactive"}, "#/status"),
        ({"id": "cus_1"}, "#/id"),
        ({"version": 1}, "#/version"),
    ]:
        refused = await api.post("/customers", draft(**fault))
        assert (refused.status, {*refused.pointers}) == (422, {pointer}), refused.json
    refused = await api.post("/customers", {})
    assert {*refused.pointers} == {"#/email", "#/firstName", "#/lastName"}
    assert await api.walk("/customers") == []

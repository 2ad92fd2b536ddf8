"""``If-Match`` on PUT, PATCH and DELETE: only who knows the present version changes it."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from tests.integration.customer.api import Answer, Api, draft, link, orders_of

Change = Callable[[Api, str, str], Awaitable[Answer]]
CHANGES: dict[str, Change] = {
    "put": lambda api, customer, tags: api.put(customer, draft(), if_match=tags),
    "patch": lambda api, customer, tags: api.patch(customer, {"lastName": "B"}, if_match=tags),
    "delete": lambda api, customer, tags: api.delete(customer, if_match=tags),
}
LINK_CHANGES: dict[str, Change] = {
    "put": lambda api, order, tags: api.put(order, link(9, "paid"), if_match=tags),
    "delete": lambda api, order, tags: api.delete(order, if_match=tags),
}
STALE = ['"1"', '"3"', '"1", "3"', 'W/"2"', '"x"', "2", '""', '"2', '"-2"', '"2x"']
PRESENT = ['"2"', "*", '"1", "2"', '"1","2" , "7"', 'W/"1", "2"', '"2", "2"']


@pytest.fixture
async def customer(api: Api) -> str:
    return await second_version(api)


async def second_version(api: Api) -> str:
    """Return a customer of version 2."""
    customer = await api.customer()
    await api.patch(customer, {"firstName": "Augusta"})
    return customer


async def second_link_version(api: Api, order: str) -> str:
    """Return a link of version 2."""
    for version in (1, 2):
        await api.put(order, link(version))
    return order


@pytest.mark.parametrize("change", CHANGES)
async def test_another_version_of_a_customer_changes_nothing(
    api: Api, customer: str, change: str
) -> None:
    before = await api.get(customer)
    for tags in STALE:
        refused = await CHANGES[change](api, customer, tags)
        assert (refused.status, refused.code) == (412, "precondition-failed"), tags
    after = await api.get(customer)
    assert (after.json, after.etag) == (before.json, '"2"')


@pytest.mark.parametrize("change", CHANGES)
async def test_the_present_version_of_a_customer_is_changed(api: Api, change: str) -> None:
    for tags in PRESENT:
        customer = await second_version(api)
        changed = await CHANGES[change](api, customer, tags)
        assert changed.status == (204 if change == "delete" else 200), tags
        after = await api.get(customer)
        assert after.status == 404 if change == "delete" else after.etag == '"3"'


@pytest.mark.parametrize("change", LINK_CHANGES)
async def test_another_version_of_a_link_changes_nothing(
    api: Api, customer: str, change: str
) -> None:
    order = await second_link_version(api, orders_of(customer, "ord_1"))
    before = await api.get(order)
    for tags in STALE:
        refused = await LINK_CHANGES[change](api, order, tags)
        assert (refused.status, refused.code) == (412, "precondition-failed"), tags
    after = await api.get(order)
    assert (after.json, after.etag) == (before.json, '"2"')


@pytest.mark.parametrize("change", LINK_CHANGES)
async def test_the_present_version_of_a_link_is_changed(
    api: Api, customer: str, change: str
) -> None:
    for number, tags in enumerate(PRESENT):
        order = await second_link_version(api, orders_of(customer, f"ord_{number}"))
        changed = await LINK_CHANGES[change](api, order, tags)
        assert changed.status == (204 if change == "delete" else 200), tags
        after = await api.get(order)
        assert after.status == 404 if change == "delete" else after.etag == '"3"'


async def test_a_link_that_is_not_there_has_no_version(api: Api, customer: str) -> None:
    order = orders_of(customer, "ord_1")
    assert (await api.put(order, link(), if_match='"1"')).status == 412
    assert (await api.get(order)).status == 404


@pytest.mark.parametrize("change", CHANGES)
async def test_an_unknown_customer_is_not_found_rather_than_changed(api: Api, change: str) -> None:
    unknown = "/customers/cus_00000000000000000000000000"
    for tags in ('"1"', "*"):
        assert (await CHANGES[change](api, unknown, tags)).code == "not-found"


async def test_of_many_who_know_the_present_version_one_changes_it(api: Api, customer: str) -> None:
    patches = [api.patch(customer, {"lastName": f"B{n}"}, if_match='"2"') for n in range(20)]
    answers = await asyncio.gather(*patches)
    assert sorted(answer.status for answer in answers) == [200] + [412] * 19
    (won,) = [answer for answer in answers if answer.status == 200]
    assert (await api.get(customer)).json == won.json


async def test_a_deletion_does_not_take_a_change_that_was_answered_before_it(api: Api) -> None:
    for _ in range(60):
        customer = await api.customer()
        deletion, patched = await asyncio.gather(
            api.delete(customer, if_match='"1"'), api.patch(customer, {"lastName": "Byron"})
        )
        assert (deletion.status, patched.status) in {(204, 404), (412, 200), (503, 200)}

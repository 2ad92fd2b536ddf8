"""A customer is activated and deactivated; asked twice, it is done once."""

import asyncio

from tests.integration.customer.api import Api, link, orders_of


async def test_each_is_done_once(api: Api) -> None:
    customer = await api.customer()
    before = (await api.get(customer)).json
    same = await api.post(f"{customer}/activate")
    assert (same.status, same.etag, same.json) == (200, '"1"', before)
    off = await api.post(f"{customer}/deactivate")
    assert (off.status, off.etag, off.json["status"]) == (200, '"2"', "inactive")
    again = await api.post(f"{customer}/deactivate")
    assert (again.status, again.etag, again.json) == (200, '"2"', off.json)
    on = await api.post(f"{customer}/activate")
    assert (on.etag, on.json["status"]) == ('"3"', "active")
    assert (await api.get(customer)).json == on.json


async def test_many_at_once_change_it_once(api: Api) -> None:
    customer = await api.customer()
    answers = await asyncio.gather(*(api.post(f"{customer}/deactivate") for _ in range(20)))
    assert {(answer.status, answer.etag) for answer in answers} == {(200, '"2"')}


async def test_a_patch_at_the_same_time_is_not_lost(api: Api) -> None:
    for _ in range(10):
        customer = await api.customer()
        await asyncio.gather(
            api.patch(customer, {"firstName": "B"}), api.post(f"{customer}/deactivate")
        )
        shown = await api.get(customer)
        seen = (shown.etag, shown.json["firstName"], shown.json["status"])
        assert seen == ('"3"', "B", "inactive")


async def test_an_inactive_customer_may_be_deleted_but_not_with_open_orders(api: Api) -> None:
    customer = await api.customer()
    await api.post(f"{customer}/deactivate")
    await api.put(orders_of(customer, "ord_1"), link())
    assert (await api.delete(customer)).code == "open-orders"
    await api.put(orders_of(customer, "ord_1"), link(2, "cancelled"))
    assert (await api.delete(customer)).status == 204

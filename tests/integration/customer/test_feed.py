"""The feed of customers: its filters, alone and together, page by page."""

import asyncio
from datetime import datetime, timedelta
from itertools import product

import pytest
from tests.integration.customer.api import Api


async def test_newest_first_each_once_at_every_page_size(api: Api) -> None:
    made = [await api.customer() for _ in range(7)]
    expected = sorted((each.removeprefix("/customers/") for each in made), reverse=True)
    for limit in (1, 2, 3, 6, 7, 8, 100):
        assert await api.walk("/customers", limit=limit) == expected
    assert await api.walk("/customers") == expected


async def test_customers_made_one_after_the_other_stand_in_that_order(api: Api) -> None:
    times = [(await api.get(await api.customer())).json["createdAt"] async for _ in _until_later()]
    page = await api.get("/customers")
    assert [item["createdAt"] for item in page.json["items"]] == times[::-1]


async def _until_later():
    for _ in range(3):
        before = datetime.now().timestamp() * 1000 // 1
        while datetime.now().timestamp() * 1000 // 1 == before:
            await asyncio.sleep(0)
        yield


async def test_what_is_added_meanwhile_does_not_shift_the_pages(api: Api) -> None:
    made = [await api.customer() for _ in range(6)]
    seen: list[str] = []
    async for page in api.pages("/customers", limit=2):
        seen += page.ids
        await api.customer()
        await api.delete(f"/customers/{page.ids[0]}")
    expected = sorted((each.removeprefix("/customers/") for each in made), reverse=True)
    assert seen == expected


async def test_every_combination_of_filters_page_by_page(api: Api) -> None:
    made = [await api.customer() for _ in range(8)]
    for each in made[::3]:
        await api.post(f"{each}/deactivate")
    await asyncio.gather(*(api.patch(each, {"firstName": "B"}) for each in made[2:6]))
    everyone = [(await api.get(each)).json for each in made]
    times = sorted(each["updatedAt"] for each in everyone)
    options = {
        "status": [None, "active", "inactive"],
        "email": [None, everyone[3]["email"].upper(), "nobody@example.com"],
        "updatedSince": [None, times[0], times[4], times[-1], "2999-01-01T00:00:00Z"],
    }
    for status, email, since in product(*options.values()):
        given = {"status": status, "email": email, "updatedSince": since}
        query = {name: value for name, value in given.items() if value}
        wanted = [
            each
            for each in everyone
            if each["status"] == query.get("status", each["status"])
            and each["email"].lower() == query.get("email", each["email"]).lower()
            and each["updatedAt"] >= query.get("updatedSince", "")
        ]
        wanted.sort(key=lambda each: (each["updatedAt"] if since else "", each["id"]), reverse=True)
        assert await api.walk("/customers", limit=2, **query) == [w["id"] for w in wanted], query


async def test_changed_at_the_same_time_each_once(api: Api, database) -> None:
    made = [await api.customer() for _ in range(9)]
    ids = sorted(each.removeprefix("/customers/") for each in made)
    noon = datetime.fromisoformat("2026-01-31T12:00:00+00:00")
    for number, customer in enumerate(ids):
        at = noon + timedelta(milliseconds=number // 4)
        await database.customers.update_one({"_id": customer}, {"$set": {"updatedAt": at}})
    for limit in (1, 2, 3, 4, 5):
        since = noon.isoformat()
        assert await api.walk("/customers", limit=limit, updatedSince=since) == ids[::-1]
        since = "2026-01-31T13:00:00.001+01:00"
        assert await api.walk("/customers", limit=limit, updatedSince=since) == ids[:3:-1]


async def test_the_link_header_leads_on_with_the_same_filters(api: Api) -> None:
    for _ in range(3):
        await api.customer()
    since = "2026-01-31T13:00:00.000+01:00"
    expected = await api.walk("/customers", status="active", updatedSince=since)
    page = await api.get("/customers", limit=2, status="active", updatedSince=since)
    address, relation = page.headers["Link"].split("; ")
    assert relation == 'rel="next"'
    last = await api.call("GET", address.strip("<>"))
    assert (page.ids + last.ids, last.json["nextCursor"]) == (expected, None)
    assert "Link" not in last.headers


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "101"),
        ("limit", "-1"),
        ("limit", "1.5"),
        ("limit", ""),
        ("status", "asleep"),
        ("email", "ada"),
        ("updatedSince", "2026-01-31T12:00:00"),
        ("updatedSince", "2026-02-31T12:00:00.000Z"),
        ("updatedSince", "0001-01-01T00:00:00+10:00"),
        ("cursor", ""),
        ("skip", "5"),
        ("Limit", "5"),
    ],
)
async def test_a_fault_in_the_query_is_named(api: Api, name: str, value: str) -> None:
    refused = await api.get("/customers", **{name: value})
    assert (refused.status, refused.pointers) == (422, [f"?{name}"])


async def test_the_bounds_of_limit_are_taken_and_twenty_is_the_default(api: Api) -> None:
    for _ in range(21):
        await api.customer()
    assert len((await api.get("/customers", limit=1)).ids) == 1
    assert len((await api.get("/customers")).ids) == 20
    assert len((await api.get("/customers", limit=100)).ids) == 21

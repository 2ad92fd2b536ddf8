"""PATCH is a JSON Merge Patch (RFC 7396), and loses nobody's change."""

import asyncio

import pytest
from tests.integration.customer.api import Api, address


async def test_what_is_left_out_stays(api: Api) -> None:
    customer = await api.customer(phone="123", addresses=[address()])
    before = (await api.get(customer)).json
    patched = await api.patch(customer, {"firstName": "Augusta"})
    changed = {"firstName": "Augusta", "updatedAt": patched.json["updatedAt"]}
    assert (patched.status, patched.etag) == (200, '"2"')
    assert patched.json == {**before, **changed}
    assert (await api.get(customer)).json == patched.json


async def test_null_removes_what_is_optional(api: Api) -> None:
    customer = await api.customer(phone="123", addresses=[address()])
    patched = await api.patch(customer, {"phone": None, "addresses": None})
    assert "phone" not in patched.json
    assert patched.json["addresses"] == []
    again = await api.patch(customer, {"phone": None, "addresses": None})
    assert (again.status, again.json["addresses"]) == (200, [])


async def test_addresses_are_replaced_whole(api: Api) -> None:
    customer = await api.customer(addresses=[address(line2="Flat 3"), address()])
    new = [address(city="Paris")]
    assert (await api.patch(customer, {"addresses": new})).json["addresses"] == new
    assert (await api.patch(customer, {"addresses": []})).json["addresses"] == []


async def test_faults_are_named_and_nothing_is_changed(api: Api) -> None:
    customer = await api.customer(phone="123")
    for fault, pointer in [
        ({"email": None}, "#/email"),
        ({"firstName": None}, "#/firstName"),
        ({"lastName": None}, "#/lastName"),
        ({"firstName": ""}, "#/firstName"),
        ({"nickname": "Ada"}, "#/nickname"),
        ({"a/b~c": 1}, "#/a~1b~0c"),
        ({"status": "inactive"}, "#/status"),
        ({"addresses": [{"city": "Paris"}]}, "#/addresses/0/line1"),
        ({"addresses": [address(line2=None)]}, "#/addresses/0/line2"),
        ({"addresses": [None]}, "#/addresses/0"),
        ([], "#"),
        ("Ada", "#"),
    ]:
        refused = await api.patch(customer, fault)
        assert refused.code == "validation-failed"
        assert pointer in refused.pointers
    assert (await api.call("PATCH", customer, data="{", headers=_JSON)).code == "malformed-request"
    assert (await api.call("PATCH", customer, data="null", headers=_JSON)).pointers == ["#"]
    assert (await api.get(customer)).etag == '"1"'


_JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/merge-patch+json", 200),
        ("application/json; charset=utf-8", 200),
        ("application/json-patch+json", 415),
        ("text/plain", 415),
    ],
)
async def test_it_has_media_types_of_its_own(api: Api, content_type: str, status: int) -> None:
    customer = await api.customer()
    headers = {"Content-Type": content_type}
    answer = await api.call("PATCH", customer, data='{"firstName": "B"}', headers=headers)
    assert answer.status == status


async def test_concurrent_patches_of_different_fields_lose_none(api: Api) -> None:
    customer = await api.customer()
    given = {
        "email": "augusta@example.com",
        "firstName": "Augusta",
        "lastName": "Byron",
        "phone": "+33 1",
        "addresses": [address(city="Paris")],
    }
    patches = [{name: value} for name, value in given.items()] * 4
    answers = await asyncio.gather(*(api.patch(customer, patch) for patch in patches))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.etag for answer in answers}) == 20
    shown = await api.get(customer)
    assert shown.etag == '"21"'
    assert {name: shown.json[name] for name in given} == given

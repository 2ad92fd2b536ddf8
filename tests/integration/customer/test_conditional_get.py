"""``If-None-Match``: who holds the present version is told so, without a body."""

import pytest
from tests.integration.customer.api import Api, link, orders_of


@pytest.fixture(params=["customer", "link"])
async def resource(api: Api, request: pytest.FixtureRequest) -> str:
    """A resource of version 2."""
    customer = await api.customer()
    await api.patch(customer, {"firstName": "B"})
    if request.param == "customer":
        return customer
    order = orders_of(customer, "ord_1")
    for version in (1, 2):
        await api.put(order, link(version))
    return order


async def test_the_present_version_is_not_sent_again(api: Api, resource: str) -> None:
    for tags in ('"2"', 'W/"2"', '"1", "2"', "*"):
        for _ in range(2):  # from the database, and from the cache
            known = await api.get(resource, if_none_match=tags)
            assert (known.status, known.etag, known.json) == (304, '"2"', None)


async def test_another_version_is_sent(api: Api, resource: str) -> None:
    for tags in ('"1"', '"3"', "2", '"x"'):
        shown = await api.get(resource, if_none_match=tags)
        assert (shown.status, shown.etag) == (200, '"2"')
        assert shown.json

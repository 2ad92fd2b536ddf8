"""The own zone first, as the configuration says it, against real peers."""

import pytest

from shop.common.discovery import Peers
from shop.common.peer import FixedResolver, Instance


@pytest.fixture
async def zones(peer, session):
    """One peer in zone a and one in zone b, and a caller in zone a."""
    near, far = await peer(), await peer()
    known = FixedResolver(
        Instance("product", each.url, each.url, meta={"zone": zone})
        for each, zone in ((near, "a"), (far, "b"))
    )
    return near, far, Peers(known, session, "a").client("product")


async def test_calls_stay_in_the_own_zone_as_long_as_it_answers(zones):
    near, far, client = zones
    for _ in range(50):
        assert (await client.call("GET", "/x")).body.decode() == near.url
    assert far.asked == []


async def test_when_the_own_zone_has_died_the_other_one_is_called(zones):
    near, far, client = zones
    await near.die()
    for _ in range(50):
        assert (await client.call("GET", "/x")).body.decode() == far.url

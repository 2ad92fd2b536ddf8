"""Two real datacenters that know of each other: what is found where, and when it comes home."""

import pytest

from shop.common.peer import ConsulClient, ConsulOptions, PeerClient
from shop.local.ports import free_port

FAILOVER = {"failover_datacenters": ("dc9", "dc2"), "empty_grace_s": 0.3}  # there is no dc9


@pytest.fixture
async def datacenters(start_configured, session, eventually):
    """Clients of dc1 and dc2, and dc1's server."""
    wan = free_port()
    one = await start_configured(
        f'datacenter = "dc1", node_name = "one", ports {{ serf_wan = {wan} }}'
    )
    two = await start_configured(
        f'datacenter = "dc2", node_name = "two", ports {{ serf_wan = {free_port()} }},'
        f'retry_join_wan = ["127.0.0.1:{wan}"], retry_interval_wan = "0.2s"'
    )

    async def joined() -> bool:
        async with session.get(f"{one.url}/v1/health/service/x?dc=dc2") as answer:
            return answer.status == 200

    await eventually(joined)
    clients = (ConsulClient(session, ConsulOptions((each.url,))) for each in (one, two))
    return (*clients, one)


async def test_with_none_in_its_own_datacenter_it_is_led_to_the_other(
    datacenters, service, peer, announce, knows, resolving, session
):
    _, two, server = datacenters
    far = await peer()
    await announce(two, service, far)
    resolver = resolving(server, **FAILOVER)
    await knows(resolver, service, far)
    assert resolver.views()[service].datacenter == "dc2"
    answer = await PeerClient(service, resolver, session).call("GET", "/x")
    assert answer.body.decode() == far.url


async def test_it_goes_away_when_the_last_one_here_has_gone_and_comes_home_with_the_first(
    datacenters, service, peer, announce, knows, resolving, never_empty, eventually
):
    one, two, server = datacenters
    near, far, farther = [await peer() for _ in range(3)]
    await announce(one, service, near)
    await announce(two, service, far)

    async def far_passes() -> bool:
        return bool((await two.passing(service)).instances)

    await eventually(far_passes)
    resolver = resolving(server, **FAILOVER)
    await knows(resolver, service, near)
    never_empty(resolver, service)

    near.ready = False
    await knows(resolver, service, far)
    await announce(two, service, farther)
    await knows(resolver, service, far, farther)
    near.ready = True
    await knows(resolver, service, near)
    assert resolver.views()[service].datacenter is None


async def test_without_the_option_the_other_datacenter_is_not_looked_at(
    datacenters, service, peer, announce, knows, resolving
):
    _, two, server = datacenters
    far = await peer()
    await announce(two, service, far)
    await knows(resolving(server, **FAILOVER), service, far)
    assert not await resolving(server).resolve(service)

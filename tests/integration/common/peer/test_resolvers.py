"""What every resolver does, whatever it knows its instances from."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from shop.common.peer import (
    ConsulResolver,
    FixedResolver,
    PeerClient,
    PeerUnavailable,
    Resolver,
    RoundRobin,
)


@pytest.fixture
async def peers(peer):
    return sorted([await peer(), await peer()], key=lambda each: each.url)


@pytest.fixture(params=["fixed", "consul"])
async def resolver(
    request, service, peers, consul, announce, eventually
) -> AsyncIterator[Resolver]:
    """A resolver that knows both peers under ``service``, and nothing else."""
    if request.param == "fixed":
        yield FixedResolver.parse(",".join(f"{service}={each.url}" for each in peers))
        return
    for each in peers:
        await announce(consul, service, each)

    async def all_pass() -> bool:
        return len((await consul.passing(service)).instances) == len(peers)

    await eventually(all_pass)
    resolver = ConsulResolver(consul)
    yield resolver
    await resolver.close()


async def test_knows_the_instances_of_a_service_by_url_and_id(resolver, service, peers):
    known = sorted(await resolver.resolve(service), key=lambda each: each.url)
    assert [each.url for each in known] == [each.url for each in peers]
    assert {each.service for each in known} == {service}
    assert len({each.id for each in known}) == len(peers)


async def test_knows_none_of_a_service_that_is_not_there(resolver):
    assert list(await resolver.resolve("nobody-here")) == []


async def test_gives_the_same_object_until_something_changes(resolver, service):
    assert await resolver.resolve(service) is await resolver.resolve(service)


async def test_gives_all_who_ask_at_once_the_same(resolver, service, peers):
    answers = await asyncio.gather(*(resolver.resolve(service) for _ in range(50)))
    assert {len(answer) for answer in answers} == {len(peers)}


async def test_keeps_what_it_knows_when_it_is_closed(resolver, service, peers):
    await resolver.resolve(service)
    await resolver.close()
    assert len(await resolver.resolve(service)) == len(peers)


async def test_closing_twice_is_no_harm(resolver, service):
    await resolver.resolve(service)
    await resolver.close()
    await resolver.close()


async def test_leads_a_client_to_all_instances(resolver, service, session, peers):
    client = PeerClient(service, resolver, session, balancer=RoundRobin())
    answers = [(await client.call("GET", "/x")).body.decode() for _ in range(6)]
    assert sorted(answers) == [each.url for each in peers for _ in range(3)]


async def test_a_call_to_a_service_that_is_not_there_is_refused(resolver, session):
    with pytest.raises(PeerUnavailable, match="no instance is known"):
        await PeerClient("nobody-here", resolver, session).call("GET", "/x")

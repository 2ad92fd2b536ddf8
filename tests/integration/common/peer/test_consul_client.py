"""py-consul on our transport, against a real Consul."""

import asyncio

import pytest

from shop.common.peer import ConsulClient, ConsulOptions, ConsulUnavailable, Registration


def registration(service: str) -> Registration:
    return Registration(service, f"{service}-1", "127.0.0.1", 9, check_interval_s=3600.0)


async def test_a_query_waits_for_a_change_and_no_longer_than_told(consul, service):
    await consul.register(registration(service))
    index = (await consul.passing(service)).index
    waiting = asyncio.create_task(consul.passing(service, index, 60.0))
    await asyncio.sleep(0)
    await consul.deregister(f"{service}-1")
    assert (await waiting).index > index
    index = (await consul.passing(service)).index
    assert (await consul.passing(service, index, 0.01)).index >= index


async def test_forgetting_what_is_not_known_is_no_error(consul, service):
    assert not await consul.knows(service)
    await consul.deregister(service)


async def test_nobody_there_is_unavailable(session, start_consul):
    private = await start_consul()
    await private.kill()
    with pytest.raises(ConsulUnavailable, match="Cannot connect"):
        await ConsulClient(session, ConsulOptions((private.url,))).knows("x")


async def test_something_that_is_not_consul_is_unavailable(session, peer):
    one = await peer()
    consul = ConsulClient(session, ConsulOptions((one.url,)))
    with pytest.raises(ConsulUnavailable):
        await consul.passing("x")


async def test_closing_the_session_is_left_to_its_owner(consul, session):
    consul._last._api.http.close()
    assert not session.closed

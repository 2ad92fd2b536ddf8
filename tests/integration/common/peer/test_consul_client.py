"""py-consul on our transport, against a real Consul."""

import asyncio

import pytest

from shop.common.peer import ConsulClient, ConsulOptions, ConsulUnavailable, Registration
from shop.local.consul import Consul

TOKEN = "3f8a3a5e-0c4b-4d6e-9a51-6d1c7b6f2a10"


class Guarded(Consul):
    """A Consul that refuses everything without the token."""

    def command(self, *args, **kwargs):
        acl = f'acl {{ enabled=true default_policy="deny" tokens {{ master="{TOKEN}" }} }}'
        return [*super().command(*args, **kwargs), "-hcl", acl]


@pytest.fixture
async def guarded_url(start_consul) -> str:
    private = await start_consul()
    await private.stop()
    private._server = Guarded()
    await private.start()
    return private.url


def registration(service: str) -> Registration:
    return Registration(service, f"{service}-1", "127.0.0.1", 9, check_interval_s=3600.0)


async def test_with_its_token_it_is_let_in(guarded_url, session, service, eventually, monkeypatch):
    monkeypatch.setenv("CONSUL_HTTP_TOKEN", "not-the-one")
    consul = ConsulClient(session, ConsulOptions((guarded_url,), TOKEN))

    async def registered() -> bool:
        try:
            await consul.register(registration(service))
        except ConsulUnavailable:  # the token is known only some time after the leader is
            return False
        return True

    await eventually(registered)
    assert await consul.knows(f"{service}-1")
    assert (await consul.passing(service)).instances == ()
    await consul.deregister(f"{service}-1")
    assert not await consul.knows(f"{service}-1")


async def test_without_a_token_it_is_refused_and_says_so(
    guarded_url, session, service, monkeypatch
):
    monkeypatch.setenv("CONSUL_HTTP_TOKEN", TOKEN)
    consul = ConsulClient(session, ConsulOptions((guarded_url,)))
    with pytest.raises(ConsulUnavailable, match=r"(?i)permission denied|ACL"):
        await consul.register(registration(service))


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

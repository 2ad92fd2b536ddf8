"""The registrar, against a real Consul."""

import asyncio
import shutil
import signal

import pytest
from structlog.testing import capture_logs

from shop.common.peer import (
    ConsulClient,
    ConsulOptions,
    ConsulResolver,
    Instance,
    PeerClient,
    Registrar,
    RegistrarOptions,
    Registration,
)


@pytest.fixture
def passes(eventually):
    """Waits until Consul says that so many instances pass."""

    async def passes(consul, service, count):
        async def so_many() -> bool:
            return len((await consul.passing(service)).instances) == count

        await eventually(so_many)

    return passes


async def test_an_instance_is_found_with_all_that_was_said_of_it(
    consul, service, peer, announce, passes
):
    one = await peer()
    await announce(consul, service, one)
    await passes(consul, service, 1)
    found = (await consul.passing(service)).instances
    assert found == (Instance(service, f"{service}-{one.port}", one.url, ("v1",), {"zone": "a"}),)


async def test_an_instance_that_is_not_ready_does_not_pass(
    consul, consul_server, service, peer, announce, passes, eventually, session
):
    one = await peer()
    one.ready = False
    await announce(consul, service, one)

    async def checked() -> bool:
        async with session.get(f"{consul_server.url}/v1/agent/checks") as answer:
            check = (await answer.json())[f"service:{service}-{one.port}"]
        return "503" in check["Output"]

    await eventually(checked)
    assert (await consul.passing(service)).instances == ()
    one.ready = True
    await passes(consul, service, 1)


async def test_before_consul_has_checked_it_an_instance_does_not_pass(consul, service, peer):
    one = await peer()
    registration = Registration(service, service, "127.0.0.1", one.port, check_interval_s=3600.0)
    await consul.register(registration)
    assert await consul.knows(service)
    assert (await consul.passing(service)).instances == ()
    await consul.deregister(service)


async def test_deregistering_takes_it_back(consul, service, peer, announce, passes):
    one = await peer()
    registrar = await announce(consul, service, one)
    await passes(consul, service, 1)
    await registrar.deregister()
    assert not await consul.knows(f"{service}-{one.port}")
    await passes(consul, service, 0)


async def test_an_agent_that_comes_back_without_its_memory_is_told_again(
    start_consul, session, service, peer, announce, passes
):
    private = await start_consul()
    consul = ConsulClient(session, ConsulOptions((private.url,)))
    one = await peer()
    await announce(consul, service, one)
    await passes(consul, service, 1)
    resolver = ConsulResolver(consul)
    client = PeerClient(service, resolver, session)
    assert (await client.call("GET", "/x")).body.decode() == one.url

    await private.kill()
    shutil.rmtree(private._folder / "data")
    await private.start()
    restored = asyncio.create_task(passes(consul, service, 1))
    while not restored.done():
        assert (await client.call("GET", "/x")).status == 200
        await asyncio.sleep(0.01)
    await restored
    await resolver.close()


async def test_starting_before_consul_waits_for_it_and_says_so_once(
    start_consul, session, service, peer, announce, passes, eventually
):
    private = await start_consul()
    await private.kill()
    consul = ConsulClient(session, ConsulOptions((private.url,)))
    one = await peer()
    with capture_logs() as logs:
        waiting = asyncio.create_task(announce(consul, service, one))

        async def said() -> bool:
            return len(logs) > 0

        await eventually(said)
        assert not waiting.done()
        await private.start()
        await waiting
    assert [line["event"] for line in logs].count("waiting for consul") == 1
    await passes(consul, service, 1)


async def test_deregistering_at_a_consul_that_hangs_gives_up(start_consul, session, service, peer):
    private = await start_consul()
    one = await peer()
    registrar = Registrar(
        ConsulClient(session, ConsulOptions((private.url,))),
        Registration(service, service, "127.0.0.1", one.port),
        RegistrarOptions(deregister_timeout_s=0.1),
    )
    await registrar.register()
    private.signal(signal.SIGSTOP)
    with capture_logs() as logs:
        await registrar.deregister()
    assert [line["event"] for line in logs] == ["not deregistered"]

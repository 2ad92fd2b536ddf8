"""The resolver and its watch, against a real Consul that goes and comes back."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from shop.common.peer import (
    ConsulClient,
    ConsulOptions,
    ConsulResolver,
    PeerClient,
    Resolver,
    Selection,
    WatchOptions,
)


@pytest.fixture
async def resolver(consul) -> AsyncIterator[Resolver]:
    resolver = ConsulResolver(consul)
    yield resolver
    await resolver.close()


async def test_learns_of_instances_that_come_and_go(
    resolver, consul, service, peer, announce, knows
):
    one, two = await peer(), await peer()
    await announce(consul, service, one)
    await knows(resolver, service, one)
    registrar = await announce(consul, service, two)
    await knows(resolver, service, one, two)
    await registrar.deregister()
    await knows(resolver, service, one)


async def test_lets_go_of_an_instance_that_says_it_is_not_ready(
    resolver, consul, service, peer, announce, knows
):
    one, two = await peer(), await peer()
    await announce(consul, service, one)
    await announce(consul, service, two)
    await knows(resolver, service, one, two)
    two.ready = False
    await knows(resolver, service, one)


async def test_knows_only_the_instances_that_are_wanted(
    consul, service, peer, announce, knows, resolving, consul_server
):
    one = await peer()
    await announce(consul, service, one)  # with the tag v1, in zone a
    for wanted in (Selection(("v1",)), Selection(meta={"zone": "a"}), Selection(("v1",), {})):
        await knows(resolving(consul_server, wanted={service: wanted}), service, one)
    for unwanted in (Selection(("v2",)), Selection(("v1", "v2")), Selection(meta={"zone": "b"})):
        assert not await resolving(consul_server, wanted={service: unwanted}).resolve(service)


async def test_lets_go_of_the_last_instance_after_the_grace_time(
    consul, service, peer, announce, knows
):
    resolver = ConsulResolver(consul, WatchOptions(empty_grace_s=0.3))
    one = await peer()
    registrar = await announce(consul, service, one)
    await knows(resolver, service, one)
    await registrar.deregister()
    await knows(resolver, service)
    await resolver.close()


async def test_while_consul_is_away_calls_go_on_and_changes_are_learned_once_it_is_back(
    start_consul, session, service, peer, announce, knows
):
    private = await start_consul()
    consul = ConsulClient(session, ConsulOptions((private.url,)))
    resolver = ConsulResolver(consul)
    one, two = await peer(), await peer()
    await announce(consul, service, one)
    await announce(consul, service, two)
    await knows(resolver, service, one, two)
    client = PeerClient(service, resolver, session)

    await private.kill()
    answers = [(await client.call("POST", "/x")).body.decode() for _ in range(20)]
    assert set(answers) <= {one.url, two.url}
    assert len(await resolver.resolve(service)) == 2

    two.ready = False
    await private.start()
    await knows(resolver, service, one)
    await resolver.close()


async def test_only_the_watch_asks_consul_and_never_a_call(
    consul_server, service, peer, announce, knows
):
    asked: list[tuple[asyncio.Task[None] | None, str]] = []

    async def note(_: object, __: object, start: aiohttp.TraceRequestStartParams) -> None:
        asked.append((asyncio.current_task(), str(start.url.origin())))

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(note)
    async with aiohttp.ClientSession(trace_configs=[trace]) as session:
        consul = ConsulClient(session, ConsulOptions((consul_server.url,)))
        one = await peer()
        registrar = await announce(consul, service, one)
        resolver = ConsulResolver(consul)
        await knows(resolver, service, one)
        asked.clear()
        client = PeerClient(service, resolver, session)
        for _ in range(200):
            await client.call("GET", "/x")
        ours = [url for task, url in asked if task is asyncio.current_task()]
        assert ours == [one.url] * 200
        await registrar.deregister()
        await resolver.close()


async def test_closing_breaks_off_the_query_that_blocks(resolver, consul, service, peer, announce):
    await announce(consul, service, await peer())
    await resolver.resolve(service)
    await resolver.close()
    assert [task for task in asyncio.all_tasks() if task.get_name() == f"watch of {service}"] == []

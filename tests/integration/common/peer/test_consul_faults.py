"""A real Consul is killed, hangs, or loses its leader, under a resolver that is always asked."""

import asyncio
import json
import signal

import pytest

from shop.common.peer import ConsulClient, ConsulOptions
from shop.local.ports import free_port

# A query that began before the server hung must end, so that the next one can begin.
QUICK = {"wait_s": 1.0}


@pytest.fixture
def client(session):
    def client(*servers) -> ConsulClient:
        return ConsulClient(session, ConsulOptions(tuple(each.url for each in servers)))

    return client


async def test_killed_and_started_again_it_is_followed_and_the_list_is_never_empty(
    start_consul, client, service, peer, announce, knows, resolving, never_empty, eventually
):
    private = await start_consul()
    one, two = await peer(), await peer()
    await announce(client(private), service, one)
    resolver = resolving(private)
    await knows(resolver, service, one)
    never_empty(resolver, service)

    async def lost() -> bool:
        return not resolver.views()[service].connected

    for _ in range(2):
        await private.kill()
        await eventually(lost)
        await private.start()
    await announce(client(private), service, two)
    await knows(resolver, service, one, two)
    assert resolver.views()[service].connected


async def test_one_that_hangs_and_comes_to_is_followed_and_the_list_is_never_empty(
    start_consul, session, service, peer, announce, knows, resolving, never_empty, eventually
):
    private = await start_consul()
    consul = ConsulClient(session, ConsulOptions((private.url,), request_timeout_s=1.0))
    one, two = await peer(), await peer()
    await announce(consul, service, one)
    resolver = resolving(private, **QUICK)
    await knows(resolver, service, one)
    never_empty(resolver, service)

    private.signal(signal.SIGSTOP)

    async def lost() -> bool:
        return not resolver.views()[service].connected

    await eventually(lost)
    assert resolver.views()[service].age_s > 0
    private.signal(signal.SIGCONT)
    await announce(consul, service, two)
    await knows(resolver, service, one, two)


# --- Three servers -------------------------------------------------------------------------------


@pytest.fixture
def start_cluster(start_configured):
    """Starts servers that elect one of them."""

    async def start_cluster(size: int):
        serf = [free_port() for _ in range(size)]
        join = json.dumps([f"127.0.0.1:{port}" for port in serf])
        return await asyncio.gather(
            *(
                start_configured(
                    f'node_name = "server-{number}", bootstrap_expect = {size}, '
                    f"ports {{ serf_lan = {port} }}, retry_join = {join}, "
                    'retry_interval = "0.2s"'
                )
                for number, port in enumerate(serf)
            )
        )

    return start_cluster


async def leader_of(session, servers):
    """Return the server that leads; the others' answers name it by its inner port."""
    for each in servers:
        async with session.get(f"{each.url}/v1/agent/self") as answer:
            if (await answer.json())["Stats"]["consul"]["leader"] == "true":
                return each
    return None


async def test_when_the_leader_is_killed_the_list_is_never_empty_and_news_come_with_the_next(
    start_cluster, session, client, service, peer, announce, knows, resolving, never_empty
):
    servers = await start_cluster(3)
    leader = await leader_of(session, servers)
    followers = [each for each in servers if each is not leader]
    one, two = await peer(), await peer()
    await announce(client(*followers), service, one)
    resolver = resolving(leader, *followers)
    await knows(resolver, service, one)
    never_empty(resolver, service)

    await leader.kill()
    await announce(client(*followers), service, two)
    await knows(resolver, service, one, two)
    assert await leader_of(session, followers) is not None


async def test_without_a_leader_a_resolver_that_starts_anew_is_answered_all_the_same(
    start_cluster, session, client, service, peer, announce, knows, resolving, eventually
):
    servers = await start_cluster(3)
    left, *others = servers
    one = await peer()
    await announce(client(left), service, one)
    await knows(resolving(left), service, one)
    for each in others:
        await each.kill()

    async def leaderless() -> bool:
        async with session.get(f"{left.url}/v1/health/service/{service}?stale") as answer:
            return answer.headers["X-Consul-KnownLeader"] == "false"

    await eventually(leaderless)
    resolver = resolving(left)
    await knows(resolver, service, one)
    assert resolver.views()[service].connected

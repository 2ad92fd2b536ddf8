"""What is asked of a real Consul, and of what is none."""

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

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


async def test_the_agent_has_been_told_all_of_it_and_once(consul, session, consul_server, service):
    for port in (9, 10):
        one = Registration(
            service,
            f"{service}-1",
            "127.0.0.1",
            port,
            tags=("v1", "a+b"),
            meta={"zone": "a"},
            check_interval_s=3600.0,
            scheme="https",
        )
        await consul.register(one)

    async def told(path: str, name: str) -> list[dict[str, object]]:
        async with session.get(f"{consul_server.url}/v1/agent/{path}") as answer:
            return [each for each in (await answer.json()).values() if each[name] == service]

    (known,) = await told("services", "Service")
    assert (known["ID"], known["Address"], known["Port"]) == (f"{service}-1", "127.0.0.1", 10)
    assert known["Tags"] == ["v1", "a+b"]
    assert known["Meta"] == {"zone": "a", "scheme": "https"}
    (check,) = await told("checks", "ServiceName")
    assert (check["Type"], check["ServiceID"]) == ("http", f"{service}-1")
    await consul.deregister(f"{service}-1")


@pytest.mark.parametrize("strange", ["[::1]:8002", "a/b", "100%25 ü?x=1#y"])
async def test_an_id_of_any_characters_is_known_and_forgotten_by_it(consul, service, strange):
    name = f"{service}-{strange}"
    await consul.register(Registration(service, name, "127.0.0.1", 9, check_interval_s=3600.0))
    assert await consul.knows(name)
    await consul.deregister(name)
    assert not await consul.knows(name)


INDEX = {"X-Consul-Index": "7"}


@pytest.fixture
async def answered(session):
    """Makes a client of something that gives all that is asked the same answer."""
    servers = []

    async def answered(**answer: object) -> ConsulClient:
        async def handler(_request: web.Request) -> web.Response:
            return web.Response(**answer)

        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", handler)
        servers.append(TestServer(app))
        await servers[-1].start_server()
        return ConsulClient(session, ConsulOptions((str(servers[-1].make_url("")),)))

    yield answered
    for each in servers:
        await each.close()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"text": "a page of something else"}, "X-Consul-Index"),
        ({"text": "no JSON", "headers": INDEX}, "unexpected|expected"),
        ({"text": "null", "headers": INDEX}, "NoneType"),
        ({"text": "{}", "headers": {"X-Consul-Index": "x"}}, "invalid literal"),
        ({"text": '[{"Node": {}}]', "headers": INDEX}, "Service"),
        ({"text": "[]", "headers": INDEX, "status": 202}, "202"),
        ({"text": "no such path", "status": 404}, "404 no such path"),
        ({"body": b"\xff" * 100_000, "status": 502}, "502 .{300}$"),
    ],
)
async def test_what_is_not_an_answer_of_consul_is_unavailable(answered, answer, said):
    with pytest.raises(ConsulUnavailable, match=said) as error:
        await (await answered(**answer)).passing("x")
    assert error.value.may_have_happened


async def test_only_where_it_is_the_answer_does_404_mean_that_it_is_not_there(answered):
    consul = await answered(status=404)
    assert not await consul.knows("x")
    await consul.deregister("x")
    with pytest.raises(ConsulUnavailable, match="404"):
        await consul.register(registration("x"))

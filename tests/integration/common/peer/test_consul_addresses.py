"""Several addresses of Consul: which one is asked, and what of an index and of a server behind."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from shop.common.peer import ConsulClient, ConsulOptions, ConsulUnavailable, Registration

OURS = Registration("product", "product-1", "127.0.0.1", 8002)


class StandIn:
    """Speaks as much of an agent's HTTP API as is asked here; it fails as it is told to."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.fails = False
        self.hangs = False
        self.lag_ms = 0
        self.queries: list[dict[str, str]] = []
        self.known: set[str] = set()
        app = web.Application(middlewares=[self._as_told])
        app.router.add_get("/v1/health/service/product", self._health)
        app.router.add_put("/v1/agent/service/register", self._register)
        app.router.add_put("/v1/agent/service/deregister/{id}", self._deregister)
        self._server = TestServer(app)

    async def start(self) -> None:
        await self._server.start_server(shutdown_timeout=0.1)
        self.url = f"http://127.0.0.1:{self._server.port}"

    async def die(self) -> None:
        await self._server.close()

    @web.middleware
    async def _as_told(self, request: web.Request, handler: Callable) -> web.StreamResponse:
        if self.hangs:
            await asyncio.Event().wait()
        if self.fails:
            raise web.HTTPInternalServerError(text="No cluster leader")
        return await handler(request)

    async def _health(self, request: web.Request) -> web.Response:
        self.queries.append(dict(request.query))
        node = {
            "Node": {"Address": "127.0.0.1"},
            "Service": {
                "Service": "product",
                "ID": self.name,
                "Address": "",
                "Port": 1,
                "Tags": None,
                "Meta": None,
            },
        }
        headers = {"X-Consul-Index": "70", "X-Consul-LastContact": str(self.lag_ms)}
        return web.json_response([node], headers=headers)

    async def _register(self, request: web.Request) -> web.Response:
        self.known.add((await request.json())["ID"])
        return web.Response()

    async def _deregister(self, request: web.Request) -> web.Response:
        self.known.discard(request.match_info["id"])
        return web.Response()


@pytest.fixture
async def agents() -> AsyncIterator[list[StandIn]]:
    async with AsyncExitStack() as started:
        agents = [StandIn(name) for name in "abc"]
        for each in agents:
            started.push_async_callback(each.die)
            await each.start()
        yield agents


@pytest.fixture
def consul(session, agents) -> ConsulClient:
    urls = tuple(each.url for each in agents)
    return ConsulClient(session, ConsulOptions(urls, request_timeout_s=2.0))


@pytest.fixture
def answering(consul) -> Callable[[], Awaitable[str]]:
    """Says which of them answers now."""

    async def answering() -> str:
        (instance,) = (await consul.passing("product")).instances
        return instance.id

    return answering


async def test_the_first_is_asked_as_long_as_it_answers(agents, answering):
    assert [await answering() for _ in range(3)] == ["a"] * 3
    assert agents[1].queries == agents[2].queries == []


async def test_when_one_fails_the_next_is_asked_and_kept_to(agents, answering):
    agents[0].fails = True
    assert await answering() == "b"
    agents[0].fails = False
    assert await answering() == "b"
    await agents[1].die()
    assert await answering() == "c"
    agents[2].fails = True
    assert await answering() == "a"


async def test_one_that_hangs_is_left_for_the_next(agents, answering):
    agents[0].hangs = True
    assert await answering() == "b"


async def test_those_that_hang_have_no_more_than_the_time_of_one_before_the_first_answer(
    agents, answering
):
    agents[0].hangs = agents[1].hangs = True
    async with asyncio.timeout(2.0):  # as the client's for one request
        assert await answering() == "c"


async def test_when_all_fail_it_is_said_of_each(agents, consul):
    agents[0].fails = True
    await agents[1].die()
    agents[2].fails = True
    with pytest.raises(ConsulUnavailable) as error:
        await consul.passing("product")
    for each in agents:
        assert f"{each.url}: " in str(error.value)
    assert error.value.may_have_happened


async def test_an_index_is_told_only_to_the_address_that_it_may_be_of(agents, consul):
    await consul.passing("product", 70, 5.0)
    agents[0].fails = True
    await consul.passing("product", 70, 5.0)
    assert agents[0].queries == [{"passing": "1", "stale": "1", "index": "70", "wait": "5000ms"}]
    assert agents[1].queries == [{"passing": "1", "stale": "1"}]


async def test_one_that_has_not_heard_from_its_leader_is_left_for_one_that_has(agents, answering):
    agents[0].lag_ms = 11_000
    assert await answering() == "b"
    assert await answering() == "b"
    assert len(agents[0].queries) == 1


async def test_when_none_has_heard_from_a_leader_the_freshest_is_believed(agents, consul):
    for each, lag_ms in zip(agents, (90_000, 30_000, 60_000), strict=True):
        each.lag_ms = lag_ms
    answer = await consul.passing("product")
    assert ([each.id for each in answer.instances], answer.lag_s) == (["b"], 30.0)


async def test_every_address_that_was_told_of_an_instance_is_told_that_it_goes(agents, consul):
    await consul.register(OURS)
    agents[0].fails = True
    await consul.register(OURS)
    agents[0].fails = False
    assert [each.known for each in agents] == [{"product-1"}, {"product-1"}, set()]
    await consul.deregister("product-1")
    assert [each.known for each in agents] == [set()] * 3


async def test_deregistering_goes_on_where_one_that_was_told_is_away_and_says_so(agents, consul):
    await consul.register(OURS)
    agents[0].fails = True
    await consul.register(OURS)
    with pytest.raises(ConsulUnavailable, match="No cluster leader"):
        await consul.deregister("product-1")
    assert agents[1].known == set()


async def test_one_that_was_never_reached_need_not_be_told(agents, consul):
    await agents[0].die()
    await consul.register(OURS)
    await consul.deregister("product-1")
    assert agents[1].known == set()

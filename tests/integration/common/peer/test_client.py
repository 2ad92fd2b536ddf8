"""The client, against real peers over real sockets."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from shop.common.peer import (
    BulkheadOptions,
    Deadline,
    DeadlineExceeded,
    FixedResolver,
    PeerClient,
    PeerOptions,
    PeerUnavailable,
    deadline_scope,
)


@pytest.fixture
def client(session):
    """Makes a client of these peers."""

    def client(*peers, **options) -> PeerClient:
        known = FixedResolver.parse(",".join(f"product={each.url}" for each in peers))
        return PeerClient("product", known, session, **options)

    return client


async def test_json_goes_there_and_comes_back(peer, client):
    async def echo(request: web.Request) -> web.Response:
        return web.json_response(await request.json(), status=201, headers={"ETag": '"1"'})

    answer = await client(await peer(echo)).call("POST", "/x", json={"name": "ä", "n": [1, None]})
    assert (answer.status, answer.headers["etag"]) == (201, '"1"')
    assert answer.json() == {"name": "ä", "n": [1, None]}


async def test_when_an_instance_dies_its_calls_go_to_the_other(peer, client):
    one, two = await peer(), await peer()
    products = client(one, two)
    answers = await asyncio.gather(*(products.call("GET", "/x") for _ in range(40)))
    assert {answer.body.decode() for answer in answers} == {one.url, two.url}
    await one.die()
    assert {(await products.call("GET", "/x")).body.decode() for _ in range(20)} == {two.url}


async def test_a_dead_instance_answers_no_post_and_surely_did_nothing(peer, client):
    one = await peer()
    products = client(one)
    await one.die()
    with pytest.raises(PeerUnavailable, match="cannot be reached") as error:
        await products.call("POST", "/x")
    assert not error.value.may_have_happened


async def test_the_peer_is_told_how_long_there_is(peer, client):
    one = await peer()
    with deadline_scope(Deadline.after(20.0)):
        await client(one).call("POST", "/x", timeout_s=60.0)
    told_s = int(one.asked[0].headers["Request-Timeout-Ms"]) / 1000
    assert 0.0 < told_s <= 20.0


@pytest.fixture
def hanging():
    """A handler that never answers, and what happened to it."""

    class Hanging:
        def __init__(self) -> None:
            self.begun = asyncio.Event()
            self.cancelled = asyncio.Event()

        async def __call__(self, _request: web.Request) -> web.Response:
            self.begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                self.cancelled.set()
            raise AssertionError

    return Hanging()


async def test_past_the_deadline_the_work_of_the_peer_stops_too(peer, client, hanging):
    with pytest.raises(DeadlineExceeded):
        await client(await peer(hanging)).call("POST", "/x", timeout_s=0.2)
    await hanging.cancelled.wait()


async def test_a_cancelled_call_ends_the_work_of_the_peer(peer, client, hanging):
    call = asyncio.create_task(client(await peer(hanging)).call("GET", "/x"))
    await hanging.begun.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await hanging.cancelled.wait()


async def test_a_peer_that_hangs_is_left_for_the_other(peer, client, hanging):
    one, two = await peer(hanging), await peer()
    products = client(one, two)
    for _ in range(2):
        assert (await products.call("GET", "/x", timeout_s=0.6)).body.decode() == two.url


class Impatient:
    """Answers the first request of a connection, and closes it on the second one."""

    def __init__(self) -> None:
        self.connections = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()
        await reader.read(1)
        writer.close()


@pytest.fixture
async def impatient() -> AsyncIterator[Impatient]:
    impatient = Impatient()
    async with await asyncio.start_server(impatient, "127.0.0.1", 0) as server:
        impatient.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield impatient


@pytest.mark.parametrize(("method", "idempotent"), [("GET", None), ("PUT", None), ("POST", True)])
async def test_a_kept_connection_that_the_peer_closes_does_not_show(
    impatient, client, method, idempotent
):
    products = client(impatient)
    for _ in range(2):
        answer = await products.call(method, "/x", idempotent=idempotent)
        assert answer.body == b"ok"
    assert impatient.connections == 2


async def test_a_post_on_a_kept_connection_that_the_peer_closes_may_have_happened(
    impatient, client
):
    products = client(impatient)
    assert (await products.call("POST", "/x")).body == b"ok"
    with pytest.raises(PeerUnavailable, match="broke off before its answer") as error:
        await products.call("POST", "/x")
    assert error.value.may_have_happened
    assert impatient.connections == 1


async def test_an_answer_cut_off_half_way_is_not_taken_for_an_answer(client):
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
        writer.close()

    class Cut:
        url = ""

    async with await asyncio.start_server(cut, "127.0.0.1", 0) as server:
        Cut.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(PeerUnavailable, match="broke off before its answer"):
            await client(Cut).call("GET", "/x")


async def test_many_at_once_all_get_their_answers(peer, client):
    # More than the bulkhead lets out at once, and here they may wait for their turn.
    products = client(
        await peer(), await peer(), options=PeerOptions(bulkhead=BulkheadOptions(max_wait_s=30.0))
    )
    answers = await asyncio.gather(*(products.call("GET", "/x") for _ in range(500)))
    assert {answer.status for answer in answers} == {200}

"""The short way of a GET by id, and what has to go the long way, on real connections."""

import asyncio
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs
from tests.integration.common.web.test_web import THING, TRACE_ID, TRACEPARENT

from shop.common.representation import Representation
from shop.common.web import SHORTCUTS

HAD = Representation(3, b'{"name":"one"}')  # as the handler would show it
SHORT = Representation(3, b'{"name":"short"}')


@dataclass
class Shelf:
    """Satisfies ``Glance``; ``holds``: it answers only when ``go`` is called."""

    has: Representation | None = SHORT
    holds: bool = False
    asked: list[str] = field(default_factory=list)
    waiting: list = field(default_factory=list)

    def ask(self, key, told):
        self.asked.append(key)
        self.waiting.append(told)
        if not self.holds:
            asyncio.get_running_loop().call_soon(self.go)
        return True

    def go(self):
        waiting, self.waiting = self.waiting, []
        for told in waiting:
            told(self.has)


class Caller:
    """One connection, kept open."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    def send(self, *headers, method="GET", path=THING, version="1.1"):
        lines = [f"{method} {path} HTTP/{version}", "Host: a", *headers, "", ""]
        self.writer.write("\r\n".join(lines).encode())

    async def answer(self, *, without_body=False):
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        length = 0 if without_body else int(headers.get("Content-Length", 0))
        return first, headers, await self.reader.readexactly(length)

    async def asks(self, *headers, **said):
        self.send(*headers, **said)
        return await self.answer(without_body=said.get("method") == "HEAD")


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture
async def offering(serve, shelf):
    async def start(**options):
        tiny = await serve(**options)
        tiny.app[SHORTCUTS].offer("get_thing", shelf)
        return tiny

    return start


@pytest.fixture
async def connect():
    writers = []

    async def open_one(tiny):
        reader, writer = await asyncio.open_connection("127.0.0.1", tiny.port)
        writers.append(writer)
        return Caller(reader, writer)

    yield open_one
    for writer in writers:
        writer.close()


@pytest.fixture
async def tiny(offering):
    return await offering()


@pytest.fixture
async def caller(tiny, connect):
    return await connect(tiny)


async def until(condition):
    while not condition():
        await asyncio.sleep(0.005)


@pytest.mark.parametrize("options", [{}, {"cors_origins": ("https://a.example",)}])
@pytest.mark.parametrize(
    "known",
    [(), ('If-None-Match: "3"',), ('If-None-Match: "2"',), ("Authorization: Bearer x",)],
)
async def test_both_ways_answer_alike(offering, connect, shelf, known, options):
    caller, shelf.has = await connect(await offering(**options)), HAD
    short = await caller.asks(*known, f"traceparent: {TRACEPARENT}")
    assert len(shelf.asked) == 1
    shelf.has = None
    long = await caller.asks(*known, f"traceparent: {TRACEPARENT}")
    for _, headers, _ in (short, long):
        assert headers.pop("Date").endswith("GMT")
        assert headers.pop("traceparent").split("-")[1] == TRACE_ID
    assert short == long


async def test_what_is_at_hand_is_answered_again_and_again(caller, shelf):
    for _ in range(5):
        first, headers, body = await caller.asks()
        assert (first, headers["Etag"], body) == ("HTTP/1.1 200 OK", '"3"', SHORT.body)
    assert shelf.asked == ["th_1"] * 5


async def test_a_head_may_come_in_pieces(caller, shelf):
    for piece in ("GET ", THING, " HTTP/1.1\r\nHo", "st: a\r\n", "\r\n"):
        caller.writer.write(piece.encode())
        await caller.writer.drain()
        await asyncio.sleep(0.01)
    assert (await caller.answer())[2] == SHORT.body


@pytest.mark.parametrize(
    "header",
    [
        "Cache-Control: no-cache",
        "Request-Timeout-Ms: 1000",
        "Origin: https://a.example",
        "If-None-Match: *",
        'If-None-Match: "2", "4"',
        "Content-Length: 2\r\n\r\n{}",
        "Transfer-Encoding: chunked\r\n\r\n0",
        "Connection: close",
        "Upgrade: h2c\r\nConnection: upgrade",
    ],
)
async def test_who_asks_for_more_goes_the_long_way(caller, shelf, header):
    first, _, body = await caller.asks(*header.split("\r\n"))
    assert (first, body) in (
        ("HTTP/1.1 200 OK", HAD.body),
        ("HTTP/1.1 304 Not Modified", b""),
    )
    assert shelf.asked == []


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"method": "HEAD"}, 200),
        ({"version": "1.0"}, 200),
        ({"path": f"{THING}?a=b"}, 422),
        ({"path": f"{THING}/"}, 404),
        ({"path": THING + "x" * 100}, 404),
        ({"path": "/api/v1/things"}, 200),
        ({"path": "/health/live"}, 200),
        ({"method": "DELETE"}, 204),
    ],
)
async def test_what_is_no_get_of_an_id_goes_the_long_way(caller, shelf, said, status):
    first, _, _ = await caller.asks(**said)
    assert first.split()[1] == str(status)
    assert shelf.asked == []


async def test_what_is_not_at_hand_goes_the_long_way(caller, shelf):
    shelf.has = None
    assert (await caller.asks())[2] == HAD.body
    assert (await caller.asks())[2] == HAD.body
    assert len(shelf.asked) == 2


async def test_requests_that_come_together_are_answered_in_their_order(caller, shelf):
    shelf.holds = True
    caller.send()
    await until(lambda: shelf.waiting)
    for path in ("/health/live", THING, "/api/v1/things"):
        caller.send(path=path)
    await caller.writer.drain()
    await asyncio.sleep(0.05)
    shelf.holds = False
    shelf.go()
    bodies = [(await caller.answer())[2] for _ in range(4)]
    assert bodies[0] == SHORT.body
    assert b"live" in bodies[1]
    assert bodies[2] in (SHORT.body, HAD.body)
    assert b"items" in bodies[3]


async def test_what_comes_behind_one_that_goes_the_long_way_after_all_waits_too(caller, shelf):
    shelf.holds, shelf.has = True, None
    caller.send()
    await until(lambda: shelf.waiting)
    caller.send(path="/health/live")
    await caller.writer.drain()
    await asyncio.sleep(0.05)
    shelf.go()
    assert (await caller.answer())[2] == HAD.body
    assert b"live" in (await caller.answer())[2]


async def test_what_is_no_http_behind_a_good_request_is_a_problem(caller, shelf):
    shelf.holds = True
    caller.send()
    await until(lambda: shelf.waiting)
    caller.writer.write(b"what is this\r\n\r\n")
    await caller.writer.drain()
    await asyncio.sleep(0.05)
    shelf.go()
    assert (await caller.answer())[2] == SHORT.body
    assert " 400 " in (await caller.answer())[0]
    assert await caller.reader.read() == b""


async def test_a_caller_who_hangs_up_meanwhile_harms_nobody(tiny, connect, shelf):
    shelf.holds = True
    gone, stays = await connect(tiny), await connect(tiny)
    gone.send()
    stays.send()
    await until(lambda: len(shelf.waiting) == 2)
    gone.writer.transport.abort()
    await until(lambda: len(tiny.runner.server.connections) == 1)
    shelf.go()
    assert (await stays.answer())[2] == SHORT.body
    async with tiny.session.get("/metrics") as response:
        assert "shop_http_in_flight 0.0" in await response.text()


async def test_it_is_logged_and_counted_as_any_other(tiny, caller):
    with capture_logs() as logs:
        await caller.asks(f"traceparent: {TRACEPARENT}")
    (line,) = logs
    told = [line[name] for name in ("event", "operation", "method", "path", "status", "traceId")]
    assert told == ["request", "get_thing", "GET", THING, 200, TRACE_ID]
    async with tiny.session.get("/metrics") as response:
        shown = await response.text()
    count = 'shop_http_request_seconds_count{operation="get_thing",status="200"}'
    assert f"{count} 1.0" in shown


async def test_one_too_many_is_refused_on_the_long_way(offering, connect, shelf):
    tiny, shelf.holds = await offering(max_in_flight=1), True
    first, second = await connect(tiny), await connect(tiny)
    first.send()
    await until(lambda: shelf.waiting)
    assert (await second.asks())[0].startswith("HTTP/1.1 503 ")
    shelf.go()
    assert (await first.answer())[2] == SHORT.body


async def test_who_asks_too_often_is_refused_whichever_way_they_came(offering, connect, shelf):
    tiny = await offering(rate_reads=0.01, rate_burst_s=400)
    caller, first_lines = await connect(tiny), []
    for has in (HAD, None, None, HAD, None, HAD):  # what is not at hand is counted once
        shelf.has = has
        first_lines.append((await caller.asks())[0].split(" ")[1])
    assert first_lines == ["200"] * 4 + ["429"] * 2


async def test_a_service_that_leaves_says_that_the_connection_closes(tiny, caller, shelf):
    assert "Connection" not in (await caller.asks())[1]
    tiny.runner.leave()
    _, headers, body = await caller.asks()
    assert (headers["Connection"], body) == ("close", HAD.body)


async def test_a_drain_awaits_those_on_the_short_way(tiny, caller, shelf):
    shelf.holds = True
    caller.send()
    await until(lambda: shelf.waiting)
    draining = asyncio.create_task(tiny.runner.drain(20))
    await until(lambda: not tiny.runner.sites)
    await asyncio.sleep(0.05)
    assert not draining.done()
    shelf.go()
    assert (await caller.answer())[2] == SHORT.body
    await draining
    assert await caller.reader.read() == b""

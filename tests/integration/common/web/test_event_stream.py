"""Streams of events on a real server: their bounds, and how they end."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web

from shop.common.web.event_stream import (
    STREAMS,
    EventStream,
    StreamOptions,
    Streams,
    TooManyStreams,
)
from shop.common.web.server import Runner

EVENT = b"data: " + b"x" * 1000 + b"\n\n"


@dataclass
class Source:
    """Gives events as it is told to, and counts how streams have ended."""

    streams: Streams
    runner: Runner
    ended: Counter[str]
    flood: bool = False
    open: int = 0
    left_s: float | None = None
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def chunks(self) -> AsyncGenerator[bytes]:
        self.open += 1
        try:
            yield EVENT
            while self.flood:
                yield EVENT
            await self.stop.wait()
        finally:
            self.open -= 1

    @property
    def url(self) -> str:
        host, port = self.runner.addresses[0][:2]
        return f"http://{host}:{port}/feed"

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not true():
                await asyncio.sleep(0.01)


Open = Callable[..., Awaitable[Source]]


@pytest.fixture
async def serve() -> AsyncIterator[Open]:
    async with AsyncExitStack() as ending:

        async def start(flood: bool = False, **options: float) -> Source:
            ended: Counter[str] = Counter()
            streams = Streams(
                StreamOptions(**options),  # type: ignore[arg-type]
                lambda reason: ended.update([reason]),
            )
            app = web.Application()
            app[STREAMS] = streams
            runner = Runner(app, access_log=None)
            source = Source(streams, runner, ended, flood)

            async def feed(_: web.Request) -> web.StreamResponse:
                try:
                    return EventStream(streams, source.chunks, source.left_s)
                except TooManyStreams:
                    return web.Response(status=503)

            app.router.add_get("/feed", feed)
            await runner.setup()
            ending.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            return source

        yield start


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_a_stream_says_when_to_come_again_and_what_happens(
    serve: Open, session: aiohttp.ClientSession
) -> None:
    source = await serve()
    async with session.get(source.url) as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        assert await response.content.readuntil(b"\n\n") == b"retry: 2000\n\n"
        assert await response.content.readuntil(b"\n\n") == EVENT


async def test_one_too_many_is_refused_until_another_has_gone(
    serve: Open, session: aiohttp.ClientSession
) -> None:
    source = await serve(most=2)
    first, second = await session.get(source.url), await session.get(source.url)
    await source.until(lambda: source.open == 2)
    async with session.get(source.url) as third:
        assert third.status == 503
    first.close()
    await source.until(lambda: source.open == 1)
    assert source.ended == {"lost": 1}
    async with session.get(source.url) as fourth:
        assert fourth.status == 200
    second.close()


async def test_a_stream_ends_when_its_time_is_up(
    serve: Open, session: aiohttp.ClientSession
) -> None:
    source = await serve(lifetime_s=0.05)
    async with session.get(source.url) as response:
        text = await response.text()
    assert text.endswith(": expired; come again with Last-Event-ID\n\n")
    assert source.ended == {"expired": 1}


async def test_a_stream_ends_with_the_token_that_it_was_asked_for_with(
    serve: Open, session: aiohttp.ClientSession
) -> None:
    source = await serve()
    for source.left_s in (0.05, -1.0):
        async with session.get(source.url) as response:
            assert (await response.text()).endswith("come again with Last-Event-ID\n\n")
    assert source.ended == {"expired": 2}


async def test_when_the_service_leaves_streams_end_at_once(
    serve: Open, session: aiohttp.ClientSession
) -> None:
    source = await serve()
    async with session.get(source.url) as response:
        await response.content.readuntil(EVENT[-4:])
        await source.until(lambda: source.open == 1)
        source.runner.leave()
        assert (await response.text()).endswith(": stopped; come again with Last-Event-ID\n\n")
    async with session.get(source.url) as late:  # while it lingers
        assert (await late.text()).endswith(": stopped; come again with Last-Event-ID\n\n")
    assert source.ended == {"stopped": 2}


async def test_a_clean_up_does_not_wait_for_streams(
    serve: Open, session: aiohttp.ClientSession
) -> None:
    source = await serve()
    async with session.get(source.url):
        await source.until(lambda: source.open == 1)
        async with asyncio.timeout(30):  # aiohttp would wait for a minute
            await source.runner.cleanup()
        assert source.ended == {"stopped": 1}


async def test_one_that_does_not_read_is_cut_off_and_little_is_held_for_it(serve: Open) -> None:
    source = await serve(flood=True, write_timeout_s=0.2)
    host, port = source.runner.addresses[0][:2]
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect((host, port))
        client.sendall(b"GET /feed HTTP/1.1\r\nHost: a\r\n\r\n")
        await source.until(lambda: bool(source.ended))
    assert source.ended == {"unread": 1}
    assert source.open == 0


async def test_the_connection_serves_on_after_a_stream(
    serve: Open, session: aiohttp.ClientSession
) -> None:
    source = await serve(lifetime_s=0.05)
    for _ in range(3):
        async with session.get(source.url) as response:
            await response.read()
    assert source.ended == {"expired": 3}
    assert source.runner.server is not None
    assert len(source.runner.server.connections) == 1


async def test_what_asks_for_the_head_gets_no_stream(
    serve: Open, session: aiohttp.ClientSession
) -> None:
    source = await serve()
    async with session.head(source.url) as response:
        assert response.headers["Content-Type"] == "text/event-stream"
    assert not source.ended

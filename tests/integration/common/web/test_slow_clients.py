"""Clients that are slow, or too many, cost a connection for a bounded time."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable

import pytest

THINGS = "/api/v1/things"
GET = b"GET /swagger.json HTTP/1.1\r\nHost: a\r\n\r\n"
GET_ONCE = GET.replace(b"a\r\n", b"a\r\nConnection: close\r\n")
PATIENCE_S = 60


async def trickled(tiny, head: bytes) -> bytes:
    """Send a byte now and then, until the server has had enough; return what it says."""
    reader, writer = await asyncio.open_connection("127.0.0.1", tiny.port)
    answer = asyncio.ensure_future(reader.read())
    async with asyncio.timeout(PATIENCE_S):
        writer.write(head)
        while not answer.done():
            writer.write(b"x")
            await asyncio.wait([answer], timeout=0.05)
    writer.close()
    return answer.result()


def told(answer: bytes) -> tuple[bytes, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    assert b"connection: close" in head.lower()
    return head.split(b" ")[1], json.loads(body)["code"]


async def test_a_head_that_trickles_is_refused(serve):
    tiny = await serve(head_timeout_s=0.3)
    answer = await trickled(tiny, f"GET {THINGS} HTTP/1.1\r\nHost: a\r\nX: ".encode())
    assert told(answer) == (b"408", "request-timeout")


async def test_a_body_that_trickles_is_refused(serve):
    tiny = await serve(body_timeout_s=0.3)
    reader, writer = await asyncio.open_connection("127.0.0.1", tiny.port)
    writer.write(
        f"POST {THINGS} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        'Content-Length: 100000\r\n\r\n{"name":"'.encode()
    )
    async with asyncio.timeout(PATIENCE_S):
        head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    assert head.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in head


async def test_a_body_that_says_it_is_too_large_is_refused_before_it_comes(serve):
    tiny = await serve(body_timeout_s=PATIENCE_S)
    reader, writer = await asyncio.open_connection("127.0.0.1", tiny.port)
    writer.write(
        f"POST {THINGS} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        "Content-Length: 1048577\r\n\r\n{".encode()
    )
    async with asyncio.timeout(PATIENCE_S / 2):
        head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    assert head.startswith(b"HTTP/1.1 413 ")


async def test_callers_who_send_no_body_keep_nobody_out(serve):
    tiny = await serve(max_in_flight=2, body_timeout_s=PATIENCE_S, request_timeout_s=PATIENCE_S)
    head = (
        f"POST {THINGS} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        "Expect: 100-continue\r\nContent-Length: 12\r\n\r\n"
    )
    silent = []
    async with asyncio.timeout(PATIENCE_S):
        for _ in range(5):
            silent.append(await asyncio.open_connection("127.0.0.1", tiny.port))
            silent[-1][1].write(head.encode())
            assert b" 100 " in await silent[-1][0].readuntil(b"\r\n\r\n")  # it is being served
        async with tiny.session.get(f"{THINGS}/th_1") as response:
            assert response.status == 200
        for reader, writer in silent:
            writer.write(b'{"name":"a"}')
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 201 ")
            writer.close()


async def test_a_client_that_never_reads_is_cut_off(serve):
    tiny = await serve(unread_timeout_s=0.3)
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.setblocking(False)
    loop = asyncio.get_running_loop()
    with deaf:
        await loop.sock_connect(deaf, ("127.0.0.1", tiny.port))
        async with asyncio.timeout(PATIENCE_S):
            with pytest.raises(ConnectionError):  # once it is cut, sending fails
                await for_ever(lambda: loop.sock_sendall(deaf, 50 * GET))
            while tiny.runner.server.connections:
                await asyncio.sleep(0.05)


async def for_ever(do: Callable[[], Awaitable[None]]) -> None:
    while True:
        await do()
        await asyncio.sleep(0)


async def test_an_idle_connection_is_closed(serve):
    tiny = await serve(idle_timeout_s=0.3)
    reader, writer = await asyncio.open_connection("127.0.0.1", tiny.port)
    async with asyncio.timeout(PATIENCE_S):
        assert await reader.read() == b""
    writer.close()


@pytest.mark.parametrize("sent", [b"", GET[:10], GET, 3 * GET])
async def test_a_half_closed_connection_ends(tiny, sent):
    reader, writer = await asyncio.open_connection("127.0.0.1", tiny.port)
    writer.write(sent)
    writer.write_eof()
    async with asyncio.timeout(PATIENCE_S):
        await reader.read()
        while tiny.runner.server.connections:
            await asyncio.sleep(0.01)
    writer.close()


async def test_one_connection_too_many_is_refused_and_the_others_go_on(serve):
    tiny = await serve(max_connections=2)
    kept = [await asyncio.open_connection("127.0.0.1", tiny.port) for _ in range(2)]
    async with asyncio.timeout(PATIENCE_S):
        for reader, writer in kept:
            writer.write(GET)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        assert (await said(tiny, b"")).startswith((b"HTTP/1.1 503 ", b"reset"))
        kept.pop()[1].close()
        while not (await said(tiny, GET_ONCE)).startswith(b"HTTP/1.1 200 "):
            await asyncio.sleep(0.05)
    kept.pop()[1].close()


async def said(tiny, sent: bytes) -> bytes:
    """Return the answer; what is sent to a connection that was closed resets it."""
    try:
        return await tiny.raw(sent)
    except ConnectionError:
        return b"reset"


@pytest.mark.parametrize("version", [b"0.9", b"2.0"])
async def test_a_version_that_is_not_spoken_is_refused(tiny, version):
    answer = await tiny.raw(b"GET /health/live HTTP/" + version + b"\r\nHost: a\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 505 ")
    assert told(answer) == (b"505", "http-version-not-supported")


async def test_an_expectation_that_is_no_text_is_refused(tiny):
    answer = await tiny.raw(
        f"GET {THINGS} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n".encode()
        + b"Expect: \xff\xfe\r\n\r\n"
    )
    assert told(answer) == (b"417", "expectation-failed")

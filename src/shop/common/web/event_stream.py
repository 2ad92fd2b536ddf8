"""Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).

The handler returns the head of the answer, which passes through everything as any other does. What
follows is written once that is done: so a stream has no part in the request's deadline, nor in the
bound of requests in flight. It has bounds of its own: how many there are, how long each lives, how
much waits for its reader, and how long a reader may take nothing.
"""

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from shop.common.errors import Unavailable

_HIGH_WATER_BYTES = 32 * 1024
_RETRY = b"retry: 2000\n\n"

STOPPED = "stopped"
EXPIRED = "expired"
UNREAD = "unread"
LOST = "lost"
ENDED = "ended"

Chunks = Callable[[], AsyncGenerator[bytes]]
Ended = Callable[[str], None]


class TooManyStreams(Unavailable):
    """As many follow as may."""

    code = "overloaded"
    title = "There are too many requests"


@dataclass(frozen=True)
class StreamOptions:
    """``most``: streams at once. ``lifetime_s``: then a stream ends, and its reader comes again.

    ``write_timeout_s``: a reader that takes nothing for so long is cut off.
    """

    most: int = 500
    lifetime_s: float = 3600.0
    write_timeout_s: float = 20.0


class Streams:
    """All the streams of one service. ``ended`` is told why each has ended."""

    def __init__(self, options: StreamOptions, ended: Ended = lambda _: None) -> None:
        self.options = options
        self.ended = ended
        self.open: set[EventStream] = set()
        self._leaving = False

    @property
    def full(self) -> bool:
        """Whether there is no room for one more."""
        return len(self.open) >= self.options.most

    @property
    def leaving(self) -> bool:
        """Whether the service ends, and no stream goes on."""
        return self._leaving

    def leave(self) -> None:
        """End all streams at once, and each that comes yet: their readers go elsewhere."""
        self._leaving = True
        for stream in self.open:
            stream.stop()


STREAMS: web.AppKey[Streams] = web.AppKey("streams", Streams)


class EventStream(web.StreamResponse):
    """An answer that goes on for as long as ``chunks`` gives something to send.

    ``left_s``: after so long it ends at the latest; None: only by its lifetime.

    Raises TooManyStreams.
    """

    def __init__(self, streams: Streams, chunks: Chunks, left_s: float | None = None) -> None:
        if streams.full:
            raise TooManyStreams("As many follow as may; try again shortly.", retry_after_s=5.0)
        super().__init__()
        self.headers.update(_HEAD)
        self._streams = streams
        self._chunks = chunks
        self._left_s = left_s
        self._limit: asyncio.Timeout | None = None

    def stop(self) -> None:
        """End it now."""
        if self._limit is not None and not self._limit.expired():
            with suppress(RuntimeError):  # it is just ending by itself
                self._limit.reschedule(asyncio.get_running_loop().time())

    async def write_eof(self, data: bytes = b"") -> None:
        """Write all that there is to be sent, until something ends the stream."""
        request = self._req
        if request is not None and request.method != "HEAD" and not self._eof_sent:
            await self._stream(request)
        await super().write_eof(data)

    async def _stream(self, request: web.BaseRequest) -> None:
        reason = LOST  # where nothing is caught below
        self._streams.open.add(self)
        protocol: Any = request.protocol
        protocol.cancel_when_lost = True
        _keep_little_unsent(request.transport)
        try:
            await self._send(request, _RETRY)
            reason = await self._until_its_end(request)
            await self._send(request, f": {reason}; come again with Last-Event-ID\n\n".encode())
        except _Unread:
            reason = UNREAD
            if request.transport is not None:
                request.transport.abort()
            raise ConnectionResetError("the reader took nothing for too long") from None
        finally:
            protocol.cancel_when_lost = False
            self._streams.open.discard(self)
            self._streams.ended(reason)

    async def _until_its_end(self, request: web.BaseRequest) -> str:
        """Return why it has ended, all but for a reader who has gone."""
        if self._streams.leaving:
            return STOPPED
        if len(self._streams.open) > self._streams.options.most:
            return ENDED
        try:
            async with asyncio.timeout_at(self._ends_at_s()) as self._limit:
                async with aclosing(self._chunks()) as chunks:
                    async for chunk in chunks:
                        await self._send(request, chunk)
                        if self._limit.expired():  # Python 3.11 can swallow a cancellation
                            break
        except TimeoutError:
            return STOPPED if self._streams.leaving else EXPIRED
        return ENDED

    def _ends_at_s(self) -> float:
        lives_s = self._streams.options.lifetime_s
        left_s = lives_s if self._left_s is None else min(lives_s, self._left_s)
        return asyncio.get_running_loop().time() + left_s

    async def _send(self, request: web.BaseRequest, chunk: bytes) -> None:
        """Send a chunk, and return when little enough waits for the reader."""
        writer = self._payload_writer
        if writer is None or request.transport is None:
            raise ConnectionResetError("the reader has gone")
        try:
            async with asyncio.timeout(self._streams.options.write_timeout_s):
                await writer.write(chunk)
                await writer.drain()
        except TimeoutError:
            if self._limit is not None and self._limit.expired():
                raise
            raise _Unread from None


class _Unread(Exception):
    """The reader takes nothing."""


def _keep_little_unsent(transport: asyncio.Transport | None) -> None:
    """Let neither this process nor the system hold much for a reader that is slow."""
    if transport is None:
        return
    transport.set_write_buffer_limits(high=_HIGH_WATER_BYTES)
    option = getattr(socket, "TCP_NOTSENT_LOWAT", None)  # Linux, macOS
    if option is not None:
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, option, _HIGH_WATER_BYTES)


_HEAD = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # said to nginx
}

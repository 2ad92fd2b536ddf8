"""One connection to Redis: commands out, and replies in, in the same order.

One bounded wait is all that a server that does not answer costs: the time of the oldest command
ends the connection, and with it the wait of all.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any, cast

import hiredis
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import InvalidResponse, ResponseError

from shop.common.histogram import Histogram
from shop.common.waiting import Waiting

Reply = Any
_NOTHING_YET = object()
_SOCKET_S = 0.01


class Connection(asyncio.Protocol):
    """The wire: commands in, replies out, in the same order."""

    def __init__(self, timeout_s: float, seconds: Histogram) -> None:
        self._timeout_s = timeout_s
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._replies = hiredis.Reader(
            protocolError=InvalidResponse, replyError=ResponseError, notEnoughData=_NOTHING_YET
        )
        self._waiting: deque[tuple[float, Waiting[Reply]]] = deque()
        self._transport: asyncio.Transport | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._suspect: Waiting[Reply] | None = None

    @property
    def is_up(self) -> bool:
        """Tell whether a command can be sent."""
        return self._transport is not None

    @property
    def waiting(self) -> int:
        """Tell how many commands have not been answered."""
        return len(self._waiting)

    def send(self, commands: bytes, replies: Sequence[Waiting[Reply]]) -> None:
        """Send some commands; each of ``replies`` is answered in its turn."""
        now = self._loop.time()
        self._waiting.extend([(now, reply) for reply in replies])
        if self._watch is None:
            self._watch = self._loop.call_at(now + self._timeout_s, self._look)
        try:
            if self._transport is not None:
                self._transport.write(commands)
        except Exception as error:  # uvloop's, where it was reset between two writes
            self.end(error)

    def end(self, error: Exception) -> None:
        """Close the connection, and tell all who wait."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        while self._waiting:
            settle(self._waiting.popleft()[1], error)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell all who wait."""
        self.end(ConnectionLost(f"Redis closed the connection: {exc}"))

    def data_received(self, data: bytes) -> None:
        """Hand out the replies that are complete."""
        replies, waiting, since = self._replies, self._waiting, None
        try:
            replies.feed(data)
            while (reply := replies.gets()) is not _NOTHING_YET:
                since, asked = waiting.popleft()
                settle(asked, reply)
        except (InvalidResponse, IndexError) as error:  # IndexError: nobody asked
            self.end(ConnectionLost(f"Redis cannot be understood: {error}"))
        if since is not None:  # once for all that came together
            self._seconds.observe((), self._loop.time() - since)

    def _look(self) -> None:
        """End the connection if its oldest command has had its time; look again later if not.

        Where this process itself stood still, the answer may lie in the socket: it is read first.
        """
        self._watch = None
        if not self._waiting:
            return
        since, oldest = self._waiting[0]
        now, due = self._loop.time(), since + self._timeout_s
        if due <= now and oldest is self._suspect:
            self.end(TimeoutError("Redis did not answer in time"))
        else:
            self._suspect = oldest if due <= now else None
            self._watch = self._loop.call_at(max(due, now + _SOCKET_S), self._look)


def command(*parts: str | bytes) -> bytes:
    """Return a command as it goes over the wire, in RESP."""
    return b"*%d\r\n%b" % (len(parts), strings(*parts))


def strings(*parts: str | bytes) -> bytes:
    """Return parts of a command as they go over the wire, behind the number of all."""
    encoded = [part if isinstance(part, bytes) else part.encode() for part in parts]
    return b"".join([b"$%d\r\n%b\r\n" % (len(part), part) for part in encoded])


def settle(waiting: Waiting[Reply], reply: Reply) -> None:
    """Give a reply to who waits for it, if they still do."""
    if waiting.done():
        return
    if not isinstance(reply, Exception):
        waiting.set_result(reply)
        return
    waiting.set_exception(reply)
    if isinstance(waiting, asyncio.Future):
        waiting.exception()  # seen: its caller may have gone

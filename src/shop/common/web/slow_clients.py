"""Clients that are slow, or many: how long a connection is borne that does not get on.

aiohttp bounds how long a connection may be idle, and nothing else: the head of a request may
trickle in, and an answer may lie unread, for as long as the client likes. Timers for each would
cost every request. So all connections are looked at once a second, and those that are overdue are
refused or cut. https://en.wikipedia.org/wiki/Slowloris_(cyber_attack)
"""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from shop.common.web import problems

_LOOK_S = 1.0


@dataclass(frozen=True)
class ConnectionLimits:
    """``idle_s``: how long a connection without a request is kept. ``head_s``, ``body_s``: how
    long the head and the body of a request may take to arrive. ``unread_s``: how long there may
    always be some of an answer that was not taken. ``most``: how many connections there are.
    """

    idle_s: float = 75.0
    head_s: float = 10.0
    body_s: float = 5.0
    unread_s: float = 30.0
    most: int = 4096


LIMITS: web.AppKey[ConnectionLimits] = web.AppKey("connection_limits", ConnectionLimits)


class Bounded(RequestHandler):
    """A connection that ends when it is overdue."""

    __slots__ = ("_head_begun", "_head_seen", "_unread_since_s", "_wire")

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._wire: asyncio.Transport | None = None  # kept until it is lost, not only until closed
        self._head_begun = False  # whether a part of a request's head has come
        self._head_seen = (-1, 0.0)  # of which request, since when
        self._unread_since_s: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        super().connection_made(transport)
        self._wire = self.transport

    def connection_lost(self, exc: BaseException | None) -> None:
        """End."""
        self._wire = None
        super().connection_lost(exc)

    def log_exception(self, *arguments: Any, **options: Any) -> None:
        """Log a fault of ours; a body that cannot be unpacked, and that nobody reads, is none."""
        if not isinstance(options.get("exc_info"), web.RequestPayloadError):
            super().log_exception(*arguments, **options)

    def look(self, now_s: float, limits: ConnectionLimits) -> None:
        """Refuse a request whose head does not arrive; cut off whoever does not read."""
        if self._wire is None:
            return
        if not self._wire.get_write_buffer_size():
            self._unread_since_s = None
        elif self._unread_since_s is None:
            self._unread_since_s = now_s
        elif now_s - self._unread_since_s >= limits.unread_s:
            self._wire.abort()
            return
        if not self._head_begun:
            self._head_seen = (-1, now_s)
        elif self._head_seen[0] != self._request_count:
            self._head_seen = (self._request_count, now_s)
        elif now_s - self._head_seen[1] >= limits.head_s:
            self.refuse(408, "request-timeout", "The head of the request did not arrive in time.")

    def refuse(self, status: int, code: str, detail: str) -> None:
        """Answer without a request, and close."""
        if self.transport is None:
            return
        phrase = HTTPStatus(status).phrase
        body = problems.problem(status, code, phrase, detail).body
        head = (
            f"HTTP/1.1 {status} {phrase}\r\nContent-Type: application/problem+json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n"  # type: ignore[arg-type]
        )
        retry = "Retry-After: 1\r\n" if status == 503 else ""
        self.transport.write(f"{head}{retry}\r\n".encode() + body)  # type: ignore[operator]
        self.force_close()


class Watch:
    """Looks at the connections of a server, again and again."""

    def __init__(self, server: web.Server, limits: ConnectionLimits) -> None:
        self._server = server
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(_LOOK_S, self._look)

    def stop(self) -> None:
        """Look no more."""
        self._timer.cancel()

    def _look(self) -> None:
        now_s = self._loop.time()
        for connection in self._server.connections:
            if isinstance(connection, Bounded):
                connection.look(now_s, self._limits)
        self._timer = self._loop.call_later(_LOOK_S, self._look)

"""An aiohttp server whose own refusals are problems too, and which ends without losing a request.

aiohttp's own clean-up drops whatever of a request has not arrived yet when it begins: a body, or
the head that an idle connection is just being sent. So connections end here before it begins: each
after the answer that announces it, and those without a request only while nothing comes in.
"""

import asyncio
from typing import Any

from aiohttp import HttpVersion10, HttpVersion11, web
from aiohttp.web_protocol import RequestHandler

from shop.common.web import problems
from shop.common.web.certified import unknown
from shop.common.web.connection import Connection
from shop.common.web.event_stream import STREAMS
from shop.common.web.refusals import REFUSALS
from shop.common.web.shortcut import Shortcuts
from shop.common.web.slow_clients import LIMITS, Bounded, ConnectionLimits, Watch

SHORTCUTS: web.AppKey[Shortcuts] = web.AppKey("shortcuts", Shortcuts)

_LOOK_S = 0.01
_LINGER_S = 2.0  # for what is left of a request that was answered before all of it had come


class _Server(web.Server):
    """All connections."""

    shortcuts: Shortcuts | None = None
    limits = ConnectionLimits()
    open = 0
    """How many there are."""

    def __call__(self) -> RequestHandler:
        """Return what serves a new connection."""
        return Connection(self, loop=self._loop, shortcuts=self.shortcuts, **self._kwargs)

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        """Count it, and refuse one too many; those that are served already go on."""
        super().connection_made(handler, transport)
        self.open += 1
        if self.open > self.limits.most and isinstance(handler, Bounded):
            detail = "There are more connections than are served at once."
            self._loop.call_soon(handler.refuse, 503, "overloaded", detail)

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        """Count it out."""
        super().connection_lost(handler, exc)
        self.open -= 1

    def close_idle(self) -> None:
        """Close the connections that have nothing to do."""
        for connection in self.connections:
            if isinstance(connection, Connection) and connection.idle:
                connection.force_close()


class Runner(web.AppRunner):
    """Runs an application on that server.

    ``known_only``: but for health, only who has shown a certificate is answered.
    """

    def __init__(self, app: web.Application, *, known_only: bool = False, **options: Any) -> None:
        super().__init__(app, **options)
        self._known_only = known_only
        self._leaving = False
        self._watch: Watch | None = None

    def leave(self) -> None:
        """From now on, let every answer say that its connection closes; the next goes elsewhere.

        Streams of events end: their readers go elsewhere at once.
        """
        self._leaving = True
        if SHORTCUTS in self.app:
            self.app[SHORTCUTS].close()  # the long way says that the connection closes
        if STREAMS in self.app:
            self.app[STREAMS].leave()

    async def shutdown(self) -> None:
        """End what would outlive the requests, then what the application has to end."""
        self.leave()
        await super().shutdown()

    async def drain(self, timeout_s: float) -> None:
        """Accept no more connections; return when all have ended, or after ``timeout_s``.

        Those that are left then are cut by ``cleanup``.
        """
        self.leave()
        for site in self.sites:
            await site.stop()
        server, loop = self.server, asyncio.get_running_loop()
        until_s = loop.time() + timeout_s
        while isinstance(server, _Server) and server.connections and loop.time() < until_s:
            await asyncio.sleep(_LOOK_S)  # first, so that what was accepted last is begun
            server.close_idle()

    async def cleanup(self) -> None:
        """End what is left, and look after it no more."""
        if self._watch is not None:
            self._watch.stop()
        await super().cleanup()

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        handle = made.request_handler

        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            if request._version not in (HttpVersion11, HttpVersion10):  # no copy is kept yet
                return _unspoken(request)
            try:
                refusal = unknown(request) if self._known_only else None
                if refusal is not None and REFUSALS in self.app:
                    self.app[REFUSALS].count_stranger()
                response = refusal or await handle(request)
            except (web.HTTPExpectationFailed, UnicodeEncodeError):  # before any middleware;
                # the latter where aiohttp would quote what is no text
                response = problems.of_http_exception(web.HTTPExpectationFailed())
            if self._leaving:
                response.force_close()
            return response

        limits = self.app.get(LIMITS, ConnectionLimits())
        own = {"keepalive_timeout": limits.idle_s, "lingering_time": _LINGER_S}
        server = _Server(
            answer,
            request_factory=made.request_factory,
            loop=asyncio.get_running_loop(),
            **{**made._kwargs, **own},
        )
        server.limits = limits
        if not self._known_only:  # on the short way nobody looks who asks
            server.shortcuts = self.app.get(SHORTCUTS)
        self._watch = Watch(server, limits)
        return server


def _unspoken(request: web.BaseRequest) -> web.Response:
    """Answer a request in a version of HTTP that only its parser knows, in one that we speak."""
    request._version = HttpVersion11
    detail = "This server speaks HTTP/1.1 and HTTP/1.0."
    response = problems.problem(505, "http-version-not-supported", "Unknown version", detail)
    response.force_close()
    return response

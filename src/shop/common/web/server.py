"""An aiohttp server whose own refusals are problems too, and which ends without losing a request.

aiohttp's own clean-up drops whatever of a request has not arrived yet when it begins: a body, or
the head that an idle connection is just being sent. So connections end here before it begins: each
after the answer that announces it, and those without a request only while nothing comes in.
"""

import asyncio
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from shop.common.web import problems
from shop.common.web.connection import Connection
from shop.common.web.shortcut import Shortcuts

SHORTCUTS: web.AppKey[Shortcuts] = web.AppKey("shortcuts", Shortcuts)

_LOOK_S = 0.01


class _Server(web.Server):
    """All connections."""

    shortcuts: Shortcuts | None = None

    def __call__(self) -> RequestHandler:
        """Return what serves a new connection."""
        return Connection(self, loop=self._loop, shortcuts=self.shortcuts, **self._kwargs)

    def close_idle(self) -> None:
        """Close the connections that have nothing to do."""
        for connection in self.connections:
            if isinstance(connection, Connection) and connection.idle:
                connection.force_close()


class Runner(web.AppRunner):
    """Runs an application on that server."""

    def __init__(self, app: web.Application, **options: Any) -> None:
        super().__init__(app, **options)
        self._leaving = False

    def leave(self) -> None:
        """From now on, let every answer say that its connection closes; the next goes elsewhere."""
        self._leaving = True
        if SHORTCUTS in self.app:
            self.app[SHORTCUTS].close()  # the long way says that the connection closes

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

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        handle = made.request_handler

        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            try:
                response = await handle(request)
            except web.HTTPExpectationFailed as error:  # refused before any middleware
                response = problems.of_http_exception(error)
            if self._leaving:
                response.force_close()
            return response

        server = _Server(
            answer,
            request_factory=made.request_factory,
            loop=asyncio.get_running_loop(),
            **made._kwargs,
        )
        server.shortcuts = self.app.get(SHORTCUTS)
        return server

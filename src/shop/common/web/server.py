"""An aiohttp server whose own refusals are problems too, and which ends without losing a request.

aiohttp's own clean-up drops whatever of a request has not arrived yet when it begins: a body, or
the head that an idle connection is just being sent. So connections end here before it begins: each
after the answer that announces it, and those without a request only while nothing comes in.
"""

import asyncio
import select
from http import HTTPStatus
from typing import Any

from aiohttp import web
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader
from aiohttp.web_protocol import RequestHandler

from shop.common.web import problems

_LOOK_S = 0.01


class _Protocol(RequestHandler):
    """One connection."""

    __slots__ = ("_body", "_head_begun")

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head_begun = False
        self._body: StreamReader = EMPTY_PAYLOAD  # of the request that came last

    def data_received(self, data: bytes) -> None:
        """Take what comes in, and know whether it is the beginning of a request."""
        body_came, known = self._body.is_eof(), self._request_count
        super().data_received(data)
        if self._request_count > known:
            self._head_begun, self._body = False, self._messages[-1][1]
        elif body_came and data.strip():  # some send a line break after a body
            self._head_begun = True

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002
    ) -> web.StreamResponse:
        """Answer a request that cannot be parsed, and close the connection."""
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun already, no other can be sent") from exc
        if status >= 500:
            self.log_exception("error outside of a handler", exc_info=exc)
            response = problems.internal_error()
        else:
            phrase = HTTPStatus(status).phrase
            response = problems.problem(
                status, "malformed-request", phrase, "This is not valid HTTP."
            )
        response.force_close()
        return response

    @property
    def idle(self) -> bool:
        """Whether no request is being answered, nor arriving."""
        waits = self._waiter is not None and not self._waiter.done()
        return waits and not self._head_begun and not self._unseen()

    def _unseen(self) -> bool:
        """Say whether the system holds something that the loop has not seen yet."""
        if self.transport is None or self.transport.is_closing():
            return False
        poll = select.poll()
        poll.register(self.transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(poll.poll(0))


class _Server(web.Server):
    """All connections."""

    def __call__(self) -> RequestHandler:
        """Return what serves a new connection."""
        return _Protocol(self, loop=self._loop, **self._kwargs)

    def close_idle(self) -> None:
        """Close the connections that have nothing to do."""
        for connection in self.connections:
            if isinstance(connection, _Protocol) and connection.idle:
                connection.force_close()


class Runner(web.AppRunner):
    """Runs an application on that server."""

    def __init__(self, app: web.Application, **options: Any) -> None:
        super().__init__(app, **options)
        self._leaving = False

    def leave(self) -> None:
        """From now on, let every answer say that its connection closes; the next goes elsewhere."""
        self._leaving = True

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

        return _Server(
            answer,
            request_factory=made.request_factory,
            loop=asyncio.get_running_loop(),
            **made._kwargs,
        )

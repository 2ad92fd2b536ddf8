"""An aiohttp server whose own refusals, of what is not even HTTP, are problems too."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from shop.common.web import problems


class _Protocol(RequestHandler):
    """One connection."""

    __slots__ = ()

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


class _Server(web.Server):
    """All connections."""

    def __call__(self) -> RequestHandler:
        """Return what serves a new connection."""
        return _Protocol(self, loop=self._loop, **self._kwargs)


Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def _with_expectations(handle: Handle) -> Handle:
    """Answer an ``Expect`` header that cannot be met: aiohttp refuses it before any middleware."""

    async def handle_all(request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await handle(request)
        except web.HTTPExpectationFailed as error:
            return problems.of_http_exception(error)

    return handle_all


class Runner(web.AppRunner):
    """Runs an application on that server."""

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Server(
            _with_expectations(made.request_handler),
            request_factory=made.request_factory,
            loop=asyncio.get_running_loop(),
            **made._kwargs,
        )

"""Liveness and readiness."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from shop.common.errors import Unavailable

Check = Callable[[], Awaitable[None]]


class Readiness:
    """Whether the service should be sent requests: not while it stops, nor without its database."""

    def __init__(self) -> None:
        self.stopping = False
        self.checks: list[Check] = []

    async def check(self) -> None:
        """Return if the service is ready; raise Unavailable if not."""
        if self.stopping:
            raise Unavailable("The service is stopping.")
        for check in self.checks:
            await check()


READINESS: web.AppKey[Readiness] = web.AppKey("readiness", Readiness)


async def live(_: web.Request) -> web.Response:
    """Answer that the process runs its loop."""
    return web.json_response({"status": "live"})


async def ready(request: web.Request) -> web.Response:
    """Answer whether requests are welcome."""
    await request.app[READINESS].check()
    return web.json_response({"status": "ready"})

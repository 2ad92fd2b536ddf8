"""``python -m tests.resilience.backend``: an instance that can be told to be slow, to hang, to go.

It announces itself as any service would that takes ``shop.common.peer``; what it is told comes in
at a port of its own, so that it can be told also when it listens no more.
"""

import argparse
import asyncio
import signal
from contextlib import suppress

from aiohttp import web

from shop.common.peer import (
    ConsulClient,
    ConsulOptions,
    Registrar,
    Registration,
    open_session,
)

HOST = "127.0.0.1"
SERVICE = "backend"
WORK_S = 0.005
_LINGER_S = 0.5  # after deregistering: the callers' watches let go before the port closes
_DRAIN_S = 5.0
_AT_ONCE_S = 0.001  # aiohttp takes 0 for no limit at all


class Backend:
    """Answers with its id, after the time that its work takes."""

    def __init__(self, given: argparse.Namespace, registrar: Registrar) -> None:
        self._given = given
        self._registrar = registrar
        self._runner: web.ServerRunner | None = None
        self._ready = True
        self._slow_s = 0.0
        self._hang = False

    async def run(self) -> None:
        """Serve until SIGTERM; then deregister, linger, finish what is in flight, close."""
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        await self.listen({})
        announcing = asyncio.create_task(self._registrar.register())
        await stop.wait()
        announcing.cancel()
        with suppress(asyncio.CancelledError):
            await announcing
        self._ready = False
        await self._registrar.deregister()
        await asyncio.sleep(_LINGER_S)
        await self._close()

    # --- What it may be told ---------------------------------------------------------------------

    async def slow(self, query: dict[str, str]) -> None:
        """Take ``ms`` longer."""
        self._slow_s = float(query["ms"]) / 1000

    async def hang(self, _query: dict[str, str]) -> None:
        """Accept calls and never answer them; the health check is answered."""
        self._hang = True

    async def refuse(self, _query: dict[str, str]) -> None:
        """Break off every connection, and accept none."""
        if self._runner and self._runner.server:
            for site in list(self._runner.sites):
                await site.stop()
            await self._runner.server.shutdown(_AT_ONCE_S)
        await self._close()

    async def listen(self, _query: dict[str, str]) -> None:
        """Accept connections (again)."""
        self._runner = web.ServerRunner(web.Server(self._answer), shutdown_timeout=_DRAIN_S)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, self._given.port, reuse_address=True).start()

    async def deregister(self, _query: dict[str, str]) -> None:
        """Be taken out of Consul, and go on."""
        await self._registrar.deregister()

    async def register(self, _query: dict[str, str]) -> None:
        """Be announced (again)."""
        await self._registrar.register()

    async def obey(self, request: web.Request) -> web.Response:
        """Do what the path says."""
        await getattr(self, request.match_info["what"])(dict(request.query))
        return web.Response()

    # --- What it does ----------------------------------------------------------------------------

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        if request.path == "/health/ready":
            return web.Response(status=200 if self._ready else 503)
        if self._hang:
            await asyncio.Event().wait()
        await asyncio.sleep(WORK_S + self._slow_s)
        return web.json_response({"instance": self._given.id})

    async def _close(self) -> None:
        """Finish what is in flight, accepting nothing new."""
        runner, self._runner = self._runner, None
        if runner:
            await runner.cleanup()


async def main() -> None:
    """Run one instance."""
    given = _parser().parse_args()
    registration = Registration(
        SERVICE, given.id, HOST, given.port, check_interval_s=given.check_interval
    )
    async with open_session() as session:
        consul = ConsulClient(session, ConsulOptions(tuple(given.consul.split(","))))
        backend = Backend(given, Registrar(consul, registration))
        control = web.Application()
        control.router.add_post("/{what:slow|hang|refuse|listen|deregister|register}", backend.obey)
        runner = web.AppRunner(control, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, HOST, given.control).start()
        await backend.run()
        await runner.cleanup()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m tests.resilience.backend", description=__doc__)
    parser.add_argument("--id", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--control", type=int, required=True, help="the port where it is told")
    parser.add_argument("--consul", required=True, help="addresses, with commas between them")
    parser.add_argument("--check-interval", type=float, default=2.0, help="seconds")
    return parser


if __name__ == "__main__":
    asyncio.run(main())

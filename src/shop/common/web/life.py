"""The order of a service's life: listen, register, serve; deregister, linger, drain, close.

aiohttp's own clean-up closes the listeners before anything else, so a service that deregistered
there would be advertised with a closed port; that is why the order is kept here.
"""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any

import structlog
from aiohttp import web

from shop.common import discovery, peer, tls
from shop.common import log as log_lines
from shop.common.config import HttpConfig, ServiceConfig
from shop.common.errors import CannotStart
from shop.common.peer.instance import http_url
from shop.common.web import log_level
from shop.common.web.certificates import CERTIFICATES
from shop.common.web.health import READINESS
from shop.common.web.heap import keep_heap
from shop.common.web.server import Runner

log = structlog.get_logger()

_BACKLOG = 1024


_LAST_S = 0.1  # for what is cut off at the end of the drain


class CannotListen(CannotStart):
    """The address is taken, or is not one of this machine's."""


async def serve(name: str, config: ServiceConfig, app: web.Application) -> None:
    """Run a service until SIGTERM or SIGINT; a second one ends the process at once.

    Raises CannotListen and ConfigError, where possible before anything else is begun.
    """
    async with tls.opened(config.tls) as certificates:
        app[CERTIFICATES].certificates = certificates
        await _serve(name, config, app, certificates)


async def _serve(
    name: str, config: ServiceConfig, app: web.Application, certificates: tls.Certificates | None
) -> None:
    consul, scheme = discovery.consul_options(config.consul), "https" if certificates else "http"
    with _bound(config.http) as listener, _stop_signal() as stop, log_level.heeded(config.log):
        host, port = listener.getsockname()[:2]
        told = config.consul
        instance = discovery.registration(name, told, host, port, scheme) if consul else None
        asks = certificates is not None and certificates.asks
        runner = Runner(app, known_only=asks, access_log=None, shutdown_timeout=_LAST_S)
        try:
            if not await _unless(stop, runner.setup()):
                return
            _listen(listener)
            keep_heap()
            context = certificates.server if certificates else None
            await web.SockSite(runner, listener, ssl_context=context, backlog=_BACKLOG).start()
            url = http_url(host, port, scheme)
            log.info("listening", service=name, url=url, pid=os.getpid())
            async with _announced(instance, consul, stop):
                await stop.wait()
                app[READINESS].stopping = True
                runner.leave()
            if consul:  # callers take a moment to hear of it; until then they are answered
                await asyncio.sleep(config.http.linger_s)
            await runner.drain(config.http.drain_timeout_s)
        finally:
            await runner.cleanup()
    log.info("stopped", service=name)


@contextlib.asynccontextmanager
async def _announced(
    instance: peer.Registration | None, consul: peer.ConsulOptions | None, stop: asyncio.Event
) -> AsyncIterator[None]:
    """Keep the service registered in Consul while the code inside runs."""
    if consul is None or instance is None:
        yield
        return
    async with peer.open_session() as session:
        registrar = peer.Registrar(peer.ConsulClient(session, consul), instance)
        try:
            await _unless(stop, registrar.register())
            yield
        finally:
            await registrar.deregister()


@contextlib.contextmanager
def _bound(config: HttpConfig) -> Iterator[socket.socket]:
    """Take the port before anything else is begun; connections are accepted later."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((config.host, config.port))
        except OSError as error:
            raise _refused(config.host, config.port, error) from None
        yield listener


def _listen(listener: socket.socket) -> None:
    """Let connections come in.

    Two processes can have bound the same port, as long as none listened there. uvloop, which
    listens too, does not tell that it could not.
    """
    try:
        listener.listen(_BACKLOG)
    except OSError as error:
        host, port = listener.getsockname()[:2]
        raise _refused(host, port, error) from None


def _refused(host: str, port: int, error: OSError) -> CannotListen:
    reason = error.strerror or str(error)
    return CannotListen(f"cannot listen on {host}:{port}: {reason}; choose another by --port")


@contextlib.contextmanager
def _stop_signal() -> Iterator[asyncio.Event]:
    """Give an event that the first SIGTERM or SIGINT sets; the second ends the process."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def received() -> None:
        if stop.is_set():
            log_lines.close(0.1)
            os._exit(1)
        stop.set()

    signals = (signal.SIGTERM, signal.SIGINT)
    for number in signals:
        loop.add_signal_handler(number, received)
    try:
        yield stop
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Do the work and return True; give it up and return False when ``stop`` is set first."""
    task, stopped = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    await asyncio.wait((task, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if task.done():
        task.result()
        return True
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return False

"""``--workers N``: N processes of one service, as many as there are cores to use.

Each is an instance of its own, with its own port, metrics and place in Consul; so callers spread
their requests over them, and see one that fails, just as over machines. The first has the port of
the service, the others free ones. This process only starts them, and starts anew one that dies.
"""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import structlog

from shop.common.web import log_level

log = structlog.get_logger()

_WRONG_CONFIGURATION = 2


@dataclass(frozen=True)
class WorkerOptions:
    """``first_pause_s``, ``longest_pause_s``: before one that died is started again; twice as long
    each time. ``steady_s``: one that lived for so long has started, and has its pauses forgiven.
    """

    first_pause_s: float = 0.5
    longest_pause_s: float = 30.0
    steady_s: float = 10.0


class Workers:
    """The processes of one command."""

    def __init__(
        self, command: tuple[str, ...], count: int, options: WorkerOptions = WorkerOptions()
    ) -> None:
        self._command = command
        self._count = count
        self._options = options
        self._processes: set[Process] = set()
        self._stopping = asyncio.Event()
        self._code = 0

    async def run(self) -> int:
        """Return when all have ended: 0 after a signal, or else the code of one that cannot start.

        SIGTERM and SIGINT are handed on as SIGTERM; the second one ends the workers at once.
        SIGUSR1 and SIGUSR2, which change what is logged, are handed on as they are.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        for number in (log_level.MORE, log_level.USUAL):
            loop.add_signal_handler(number, self._tell, number)
        await asyncio.gather(*map(self._keep, range(self._count)))
        return self._code

    async def _keep(self, number: int) -> None:
        pause_s, steady = self._options.first_pause_s, False
        while not self._stopping.is_set():
            began_s = asyncio.get_running_loop().time()
            code = await self._once(number)
            if self._stopping.is_set():
                return
            if asyncio.get_running_loop().time() - began_s >= self._options.steady_s:
                pause_s, steady = self._options.first_pause_s, True
            if code == _WRONG_CONFIGURATION or (code > 0 and not steady):
                self._code = code  # it has said why
                self._stop()
                return
            log.error("a worker died", worker=number, code=code, again_in_s=pause_s)
            await self._pause(pause_s)
            pause_s = min(2 * pause_s, self._options.longest_pause_s)

    async def _once(self, number: int) -> int:
        # In a session of its own: what a terminal interrupts is told by this process alone.
        process = await asyncio.create_subprocess_exec(
            *self._command, env=_environment(number), start_new_session=True
        )
        self._processes.add(process)
        try:
            if self._stopping.is_set():  # it was being started meanwhile
                process.terminate()
            return await process.wait()
        finally:
            self._processes.discard(process)

    async def _pause(self, s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(s):
                await self._stopping.wait()

    def _tell(self, number: signal.Signals) -> None:
        """Have all workers log more, or as usual; one that is started later begins as usual."""
        for process in self._processes:
            if process.returncode is None:
                process.send_signal(number)

    def _stop(self) -> None:
        self._stopping.set()
        for process in self._processes:
            if process.returncode is None:
                process.terminate()


def _environment(number: int) -> Mapping[str, str]:
    """Return what a worker is told: all that this process was, but who it is."""
    environment = {**os.environ, "SHOP_WORKERS": "1"}
    if number > 0:
        environment["SHOP_HTTP_PORT"] = "0"
    return environment


def run_workers(name: str, count: int) -> int:
    """Run ``count`` workers of a service; return the exit code."""

    async def run() -> int:
        return await Workers((sys.executable, "-m", f"shop.{name}"), count).run()

    return asyncio.run(run())

"""One process of the shop, which can be killed, stopped, and brought back where it was."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from shop.local.process import Process, start, stop

_READY_WITHIN_S = 60


class Member:
    """``ready`` says whether it does its work; every start has a log of its own in ``folder``."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        env: Mapping[str, str],
        folder: Path,
        ready: Callable[[], Awaitable[bool]],
    ) -> None:
        self.name = name
        self.env = env
        self._command = command
        self._folder = folder
        self._ready = ready
        self._process: Process | None = None
        self._starts = 0
        self.stopped = False

    @property
    def alive(self) -> bool:
        """Whether its process is there; one that is stopped is."""
        return self._process is not None and self._process.alive

    @property
    def pid(self) -> int | None:
        """The id of its process; None while there is none."""
        return self._process.pid if self._process and self._process.alive else None

    def start(self) -> None:
        """Start it, unless it runs."""
        if self.alive:
            return
        self._starts += 1
        log = self._folder / "logs" / f"{self.name}.{self._starts}.log"
        self._process = start(self._command, log=log, env=self.env, cwd=self._folder)
        self.stopped = False

    async def is_ready(self) -> None:
        """Return when it does its work; raise TimeoutError if that takes too long."""
        async with asyncio.timeout(_READY_WITHIN_S):
            while not await self._ready():
                await asyncio.sleep(0.1)

    async def kill(self) -> None:
        """``kill -9``; return when it is gone."""
        self._send(signal.SIGKILL)
        if self._process:
            await stop(self._process, 10)

    def halt(self) -> None:
        """``SIGSTOP``."""
        self._send(signal.SIGSTOP)
        self.stopped = True

    def resume(self) -> None:
        """``SIGCONT``."""
        self._send(signal.SIGCONT)
        self.stopped = False

    async def end(self) -> None:
        """Ask it to end, and see that it does."""
        if self._process:
            self.resume()
            await stop(self._process, 5)

    def _send(self, number: signal.Signals) -> None:
        if self._process:
            self._process.send(number)

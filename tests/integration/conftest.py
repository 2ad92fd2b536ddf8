"""Servers of one test, which it may stop and kill; and what they are made of."""

import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from shop.local.consul import Consul
from shop.local.mongo import Mongo
from shop.local.ports import free_port
from shop.local.process import Process, stop
from shop.local.redis import Redis
from shop.local.server import Server, became_ready, launch


class PrivateServer:
    """A server of one test. It comes back at the same address with the same data."""

    def __init__(self, server: Server, program: Path, folder: Path) -> None:
        self._server = server
        self._program = program
        self._folder = folder
        self._process: Process | None = None
        self.port = free_port()
        self.url = server.url(self.port)

    async def start(self) -> None:
        """Start it, and return when it does its work."""
        log = self._folder / "server.log"
        data = self._folder / "data"
        self._process = launch(self._server, self._program, self.port, data=data, log=log)
        await became_ready(self._server, self.url, self._process, log)

    async def stop(self) -> None:
        """End it as an operator does."""
        if self._process:
            await stop(self._process, 20)

    async def kill(self) -> None:
        """End it without a farewell; return when it is gone."""
        self.signal(signal.SIGKILL)
        await self.stop()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal: SIGSTOP and SIGCONT for a server that hangs; it does when this returns."""
        if self._process:
            self._process.send(number)
            if number is signal.SIGSTOP:
                _until_stopped(self._process.pid)


def _until_stopped(pid: int, within_s: float = 10) -> None:
    """Return when every thread stands still: until then one may answer what comes meanwhile."""
    deadline = time.monotonic() + within_s
    while not all(_state(task) in "TtZ" for task in Path(f"/proc/{pid}/task").glob("*/stat")):
        assert time.monotonic() < deadline, f"process {pid} does not stop"
        time.sleep(0.001)


def _state(stat: Path) -> str:
    """Return the letter behind the name in proc(5)'s stat; Z also for a thread that has gone."""
    try:
        return stat.read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


Start = Callable[[], Awaitable[PrivateServer]]
Starter = Callable[[Server], Start]


@pytest.fixture
async def starter(
    run_folder: Path, program_of: Callable[[Server], Awaitable[Path]]
) -> AsyncIterator[Starter]:
    """Make functions that start a server; all they started are ended after the test."""
    async with AsyncExitStack() as started:

        def of(server: Server) -> Start:
            async def start() -> PrivateServer:
                folder = Path(tempfile.mkdtemp(dir=run_folder, prefix=f"{server.name}-"))
                started.callback(shutil.rmtree, folder)
                private = PrivateServer(server, await program_of(server), folder)
                started.push_async_callback(private.kill)
                await private.start()
                return private

            return start

        yield of


@pytest.fixture
def start_mongo(starter: Starter) -> Start:
    return starter(Mongo())


@pytest.fixture
def start_redis(starter: Starter) -> Start:
    return starter(Redis())


@pytest.fixture
def start_consul(starter: Starter) -> Start:
    return starter(Consul())

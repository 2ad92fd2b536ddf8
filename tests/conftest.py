"""Real servers for the tests: started once per run, when first asked for, on free ports.

The run's folder is made by the process that was called (not by its xdist workers), which also
stops everything that runs there at the end. A worker that needs a server asks ``shop.local`` for
it; that one starts it, or finds that another worker has.
"""

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from shop.local.consul import Consul
from shop.local.errors import LocalError
from shop.local.fetch import find_or_fetch
from shop.local.home import Home
from shop.local.mongo import Mongo
from shop.local.ports import free_port
from shop.local.process import Process, identify, stop
from shop.local.progress import Progress
from shop.local.redis import Redis
from shop.local.server import Server, became_ready, launch
from shop.local.stack import Stack

_CLONE = Path(__file__).parent.parent
_RUN = "SHOP_TEST_RUN"  # the run's folder, told to the workers
_PREFIX = f"shop-tests-{os.getuid()}-"


# --- The run -------------------------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return
    _sweep()
    run = Path(tempfile.mkdtemp(prefix=_PREFIX))
    (run / "owner.json").write_text(json.dumps(asdict(identify(os.getpid()))))
    programs = Home.from_environment().bin if "SHOP_HOME" in os.environ else _CLONE / ".shop/bin"
    for name in [name for name in os.environ if name.startswith("SHOP_") and name != "SHOP_BIN"]:
        del os.environ[name]  # whoever calls pytest may have a shop of their own
    os.environ.setdefault("SHOP_BIN", str(programs))
    os.environ[_RUN] = str(run)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a time limit ends in tidying up


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and _RUN in os.environ:
        _end(Path(os.environ.pop(_RUN)))


def _sweep() -> None:
    """End the runs whose owner was killed before it could."""
    for run in Path(tempfile.gettempdir()).glob(_PREFIX + "*"):
        owner = run / "owner.json"
        if owner.exists() and not Process(**json.loads(owner.read_text())).alive:
            _end(run)


def _end(run: Path) -> None:
    asyncio.run(Stack(_home(run), Progress(sys.stderr)).down())
    shutil.rmtree(run)


def _home(run: Path) -> Home:
    return Home(run, Path(os.environ.get("SHOP_BIN", run / "bin")))


# --- Servers that all tests share ----------------------------------------------------------------


@pytest.fixture(scope="session")
async def mongo_uri() -> str:
    """The address of the run's mongod, a replica set of one."""
    return await _shared(Mongo())


@pytest.fixture(scope="session")
async def mongo_client(mongo_uri: str) -> AsyncIterator[AsyncMongoClient[dict[str, Any]]]:
    async with AsyncMongoClient(mongo_uri, tz_aware=True) as client:
        yield client


@pytest.fixture
async def database(
    mongo_client: AsyncMongoClient[dict[str, Any]],
) -> AsyncIterator[AsyncDatabase[dict[str, Any]]]:
    """A database of the test's own, dropped afterwards."""
    database = mongo_client[f"test_{uuid4().hex}"]
    yield database
    await mongo_client.drop_database(database.name)


@pytest.fixture(scope="session")
async def redis_url() -> str:
    """The address of the run's Valkey or Redis; keep to ``redis_namespace``."""
    return await _shared(Redis())


@pytest.fixture
def redis_namespace() -> str:
    """A prefix for the keys of one test."""
    return f"test-{uuid4().hex}"


@dataclass(frozen=True)
class ConsulServer:
    """The run's Consul; register services under names of the test's own."""

    url: str


@pytest.fixture(scope="session")
async def consul_server() -> ConsulServer:
    return ConsulServer(await _shared(Consul()))


async def _shared(server: Server) -> str:
    await _program(server)
    home = _home(Path(os.environ[_RUN]))
    members = await Stack(home, Progress(sys.stderr), servers=(server,), services=()).up(
        free_ports=True
    )
    return next(member.url for member in members if member.service == server.name)


async def _program(server: Server) -> Path:
    home = _home(Path(os.environ[_RUN]))
    try:
        return await find_or_fetch(server.binary, home, Progress(sys.stderr))
    except LocalError as error:
        pytest.skip(str(error))


# --- Servers of one test, which it may stop and kill ---------------------------------------------


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
        """Send a signal: SIGSTOP and SIGCONT for a server that hangs."""
        if self._process:
            self._process.send(number)


Start = Callable[[], Awaitable[PrivateServer]]


@pytest.fixture
async def start_mongo() -> AsyncIterator[Start]:
    async with AsyncExitStack() as started:
        yield _starter(Mongo(), started)


@pytest.fixture
async def start_redis() -> AsyncIterator[Start]:
    async with AsyncExitStack() as started:
        yield _starter(Redis(), started)


@pytest.fixture
async def start_consul() -> AsyncIterator[Start]:
    async with AsyncExitStack() as started:
        yield _starter(Consul(), started)


def _starter(server: Server, started: AsyncExitStack) -> Start:
    async def start() -> PrivateServer:
        folder = Path(tempfile.mkdtemp(dir=os.environ[_RUN], prefix=f"{server.name}-"))
        private = PrivateServer(server, await _program(server), folder)
        started.callback(shutil.rmtree, folder)
        started.push_async_callback(private.kill)
        await private.start()
        return private

    return start

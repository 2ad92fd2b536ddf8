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
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from shop.local.consul import Consul
from shop.local.errors import LocalError
from shop.local.fetch import find_or_fetch
from shop.local.home import Home
from shop.local.mongo import Mongo
from shop.local.process import Process, identify
from shop.local.progress import Progress
from shop.local.redis import Redis
from shop.local.server import Server
from shop.local.servers import SERVERS
from shop.local.stack import Stack

# Whoever starts the tests in the background may have SIGINT ignored, and every process would
# inherit that; some tests interrupt what they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

pytest.register_assert_rewrite("tests.fakes")  # its suites hold assertions

# How long something takes on a busy machine says nothing of it.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

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
    os.environ["SHOP_AUTH"] = "off"  # most tests are about what a service does, for whoever asks
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
    for state in run.rglob("state.json"):
        asyncio.run(Stack(_home(state.parent), Progress(sys.stderr)).down())
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
    stack = Stack(
        _home(Path(os.environ[_RUN])), Progress(sys.stderr), servers=(server,), services=()
    )
    members = await stack.up(free_ports=True)
    return next(member.url for member in members if member.service == server.name)


@pytest.fixture(scope="session")
def run_folder() -> Path:
    """A folder of this run, gone at its end; shops whose home is in it are stopped then."""
    return Path(os.environ[_RUN])


Programs = Callable[[Server], Awaitable[Path]]


@pytest.fixture(scope="session")
def program_of() -> Programs:
    """Return a server's program, fetched if need be."""
    return _program


async def _program(server: Server) -> Path:
    """Return a server's program; skip the test if there is none, and none can be fetched."""
    try:
        return await find_or_fetch(
            server.binary, _home(Path(os.environ[_RUN])), Progress(sys.stderr)
        )
    except LocalError as error:
        pytest.skip(str(error))


# --- Whole shops of real processes ---------------------------------------------------------------


class LocalShop:
    """A shop of its own, worked by the commands that a person would type."""

    def __init__(self, home: Path, *command: str, **env: str) -> None:
        self.home = home
        self._command = command or (sys.executable, "-m", "shop")
        self._env = env

    def run(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [*self._command, *arguments],
            env=self._environment(env),
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )

    def spawn(
        self, *arguments: str, stdout: int = subprocess.PIPE, **env: str
    ) -> subprocess.Popen[str]:
        """Start a command, which writes there."""
        return subprocess.Popen(
            [*self._command, *arguments],
            env=self._environment(env),
            stdout=stdout,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def status(self) -> list[dict[str, Any]]:
        """Return what ``status --json`` prints."""
        return list(json.loads(self.run("status", "--json").stdout))

    def instances(self, service: str) -> list[dict[str, Any]]:
        """Return the status of a service's instances."""
        return [status for status in self.status() if status["service"] == service]

    def url(self, service: str) -> str:
        """Return the address of one instance (or of a server)."""
        return str(self.instances(service)[0]["url"])

    def _environment(self, env: dict[str, str]) -> dict[str, str]:
        return {**os.environ, "SHOP_HOME": str(self.home), **self._env, **env}


NewShop = Callable[..., LocalShop]


@pytest.fixture(scope="session")
async def new_shop(run_folder: Path) -> AsyncIterator[NewShop]:
    """Make shops; each is down, with a home of its own, and is stopped at the end."""
    for server in SERVERS:
        await _program(server)
    made: list[LocalShop] = []

    def make(*command: str, **env: str) -> LocalShop:
        home = Path(tempfile.mkdtemp(dir=run_folder, prefix="shop-"))
        made.append(LocalShop(home, *command, **env))
        return made[-1]

    yield make
    for shop in made:
        if (shop.home / "state.json").exists():
            shop.run("down")

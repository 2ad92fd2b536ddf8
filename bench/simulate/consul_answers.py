"""How large a real Consul's answers are, and how many a restart causes.

Starts a Consul server (the one on PATH, or that ``make up`` fetched) on free ports. Sizes are those
of a hundred instances on a hundred nodes, each with its agent's check and its own, as in a cluster
with an agent per machine. (On one node they would be so alike that gzip makes nothing of them.)
Answers are counted with ten instances that are registered and checked as the services are.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import aiohttp
from aiohttp import web

from shop.common.peer import ConsulClient, ConsulOptions, Registration
from shop.local.binaries import CONSUL
from shop.local.consul import Consul
from shop.local.fetch import find
from shop.local.home import Home
from shop.local.ports import free_port

INSTANCES = 100
WATCHED = 10
RESTARTS = 5
_SERVICE, _SPREAD = "product", "order"


@dataclass(frozen=True)
class Answers:
    """Bytes are per instance; ``wakes`` are the answers to a watch while one is restarted."""

    plain_bytes: float
    gzip_bytes: float
    wakes: float


async def measure() -> Answers:
    """Return what a real Consul does; raise SystemExit where there is none."""
    program = await find(CONSUL, Home.from_environment())
    if program is None:
        raise SystemExit("no consul on PATH, nor fetched by `make up`")
    async with _consul(program) as url, _healthy() as port, aiohttp.ClientSession() as session:
        consul = ConsulClient(session, ConsulOptions((url,)))
        for number in range(WATCHED):
            await consul.register(_registration(number, port))
        index = 0
        while True:
            known = await consul.passing(_SERVICE, index, wait_s=10)
            if len(known.instances) == WATCHED:
                break
            index = known.index
        await _fill(session, url)
        plain, packed = await _bytes(url, "identity"), await _bytes(url, "gzip")
        wakes = [await _restart(consul, _registration(n, port)) for n in range(RESTARTS)]
        return Answers(plain / INSTANCES, packed / INSTANCES, sum(wakes) / RESTARTS)


def _registration(number: int, port: int) -> Registration:
    name = f"{_SERVICE}-10-0-12-{number}-8002"
    meta = {"version": "1.4.2", "zone": "eu-central-1a"}
    return Registration(_SERVICE, name, "127.0.0.1", port, meta=meta)


async def _fill(session: aiohttp.ClientSession, url: str) -> None:
    """Put instances on nodes of their own, in the words in which agents tell of them."""
    for number in range(INSTANCES):
        async with session.put(f"{url}/v1/catalog/register", json=entry(number)) as answer:
            answer.raise_for_status()


def entry(number: int) -> dict[str, Any]:
    """Return one instance on a node of its own, as its agent tells the servers of it."""
    node, address = f"ip-10-0-{number % 3}-{number + 10}", f"10.0.{number % 3}.{number + 10}"
    name = f"{_SPREAD}-{address.replace('.', '-')}-8003"
    check = f"service:{name}"
    said = f'HTTP GET http://{address}:8003/health/ready: 200 OK Output: {{"status": "ready"}}'
    service = {
        "ID": name,
        "Service": _SPREAD,
        "Address": address,
        "Port": 8003,
        "Meta": {"version": "1.4.2", "zone": f"eu-central-1{'abc'[number % 3]}"},
    }
    checks = [
        {
            "CheckID": "serfHealth",
            "Name": "Serf Health Status",
            "Output": "Agent alive and reachable",
        },
        {"CheckID": check, "Name": f"Service '{_SPREAD}' check", "Output": said, "ServiceID": name},
    ]
    return {
        "ID": str(UUID(int=Random(number).getrandbits(128), version=4)),
        "Node": node,
        "Address": address,
        "TaggedAddresses": {"lan": address, "wan": address},
        "NodeMeta": {"consul-network-segment": ""},
        "Service": service,
        "Checks": [{**each, "Node": node, "Status": "passing"} for each in checks],
    }


async def _bytes(url: str, encoding: str) -> int:
    """Return the size of an answer's body as it is sent."""
    address = f"{url}/v1/health/service/{_SPREAD}?passing=1&stale=1"
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.get(address, headers={"Accept-Encoding": encoding}) as answer,
    ):
        if answer.headers.get("Content-Encoding", "identity") != encoding:
            raise SystemExit(f"this Consul does not send {encoding}")
        return len(await answer.read())


async def _restart(consul: ConsulClient, registration: Registration) -> int:
    """Deregister an instance and register it again; return how often a watch was woken by that."""
    known = await consul.passing(_SERVICE)
    answers, watching = 0, asyncio.Event()

    async def watch() -> None:
        nonlocal answers
        index, count = known.index, 0
        watching.set()
        while True:
            now = await consul.passing(_SERVICE, index, wait_s=30)
            answers, index, count = answers + (now.index != index), now.index, len(now.instances)
            if answers > 1 and count == WATCHED:
                restarted.set()

    restarted = asyncio.Event()
    task = asyncio.create_task(watch())
    await watching.wait()
    await asyncio.sleep(0.2)  # the query has to be there before the change
    await consul.deregister(registration.id)
    await asyncio.sleep(0.5)  # a restart takes a while
    await consul.register(registration)
    async with asyncio.timeout(60):
        await restarted.wait()
    await asyncio.sleep(0.5)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    return answers


@asynccontextmanager
async def _consul(program: Path) -> AsyncIterator[str]:
    consul, port = Consul(), free_port()
    with tempfile.TemporaryDirectory(prefix="shop-simulate-") as data:
        command = consul.command(program, port, Path(data))
        quiet = asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(*command, stdout=quiet, stderr=quiet)
        try:
            async with asyncio.timeout(60):
                while not await consul.ready(consul.url(port)):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            yield consul.url(port)
        finally:
            process.terminate()
            await process.wait()


@asynccontextmanager
async def _healthy() -> AsyncIterator[int]:
    """Answer as a service that is ready."""

    async def ready(_: web.Request) -> web.Response:
        return web.json_response({"status": "ready"})

    app = web.Application()
    app.router.add_get("/health/ready", ready)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield port
    finally:
        await runner.cleanup()

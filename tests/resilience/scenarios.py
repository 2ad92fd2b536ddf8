"""What is done to the stand while the load goes on."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from tests.chaos.member import Member
from tests.resilience.load import Rate
from tests.resilience.stand import INSTANCES, Stand, cluster_hcl

from shop.local.consul import Consul
from shop.local.ports import free_port

FAULTY = INSTANCES[0]
_FLAP_S = 1.0


@dataclass(frozen=True)
class Pace:
    """How long each part lasts, and how hard the load is."""

    before_s: float
    during_s: float
    after_s: float
    away_s: float
    rounds: int
    rate: Rate
    check_interval_s: float


SHORT = Pace(2, 5, 2, 10, 1, Rate(20, 4), 2.0)
FULL = Pace(10, 20, 15, 60, 3, Rate(40, 10), 10.0)

Injure = Callable[[Stand, Pace], Awaitable[None]]


@dataclass(frozen=True)
class Scenario:
    """``noticed_late``: Consul looks seldom, so that it is the callers who notice.

    ``faulty``: the instance whose share of the calls matters; None: there is none such.
    ``methods``: what the load asks with, in equal parts.
    """

    name: str
    title: str
    injure: Injure
    faulty: str | None = FAULTY
    noticed_late: bool = False
    servers: int = 1
    methods: tuple[str, ...] = field(default=("GET",))


# --- Faults --------------------------------------------------------------------------------------


async def _restart_all(stand: Stand, pace: Pace) -> None:
    for _ in range(pace.rounds):
        for name in INSTANCES:
            member = stand.instances[name].member
            await member.end()
            member.start()
            await member.is_ready()


async def _lose_consul(stand: Stand, pace: Pace) -> None:
    """Kill it; meanwhile one instance goes and another comes."""
    (server,) = stand.servers
    await server.kill()
    stand.make("backend-4")
    await stand.instances[FAULTY].member.end()
    await asyncio.sleep(max(0, stand.fault_s + pace.away_s - time.monotonic()))
    server.start()
    await server.is_ready()
    stand.over_s = time.monotonic()
    await stand.knows({*INSTANCES, "backend-4"} - {FAULTY})


async def _slow_down(stand: Stand, pace: Pace) -> None:
    await stand.instances[FAULTY].tell("slow", ms="500")
    await asyncio.sleep(pace.during_s)
    await stand.instances[FAULTY].tell("slow", ms="0")


async def _hang(stand: Stand, pace: Pace) -> None:
    await stand.instances[FAULTY].tell("hang")
    await asyncio.sleep(pace.during_s)


async def _freeze(stand: Stand, pace: Pace) -> None:
    stand.instances[FAULTY].member.halt()
    await asyncio.sleep(pace.during_s)
    stand.instances[FAULTY].member.resume()


async def _crash(stand: Stand, pace: Pace) -> None:
    await stand.instances[FAULTY].member.kill()
    await asyncio.sleep(pace.during_s)


def _flap(down: str, up: str) -> Injure:
    async def flap(stand: Stand, pace: Pace) -> None:
        instance = stand.instances[FAULTY]
        while time.monotonic() < stand.fault_s + pace.during_s:
            for what in (down, up):
                await instance.tell(what)
                await asyncio.sleep(_FLAP_S)

    return flap


async def _behead(stand: Stand, pace: Pace) -> None:
    """Kill the leader of the cluster, then bring a new instance in."""
    leader = await _leader(stand)
    await stand.servers[leader].kill()
    stand.make("backend-4")
    await stand.knows({*INSTANCES, "backend-4"})
    stand.over_s = time.monotonic()
    await asyncio.sleep(max(0, stand.fault_s + pace.during_s - time.monotonic()))


async def _leader(stand: Stand) -> int:
    async with aiohttp.ClientSession() as session:
        for number, url in enumerate(stand.urls):
            async with session.get(f"{url}/v1/agent/self") as answer:
                if (await answer.json())["Stats"]["consul"]["leader"] == "true":
                    return number
    raise RuntimeError("no server leads")


# --- Consul --------------------------------------------------------------------------------------


async def make_consuls(program: Path, count: int, folder: Path) -> tuple[list[Member], list[str]]:
    """Start one Consul, or a cluster; return when all know a leader."""
    kind, members, urls = Consul(), list[Member](), list[str]()
    serf = [free_port() for _ in range(count)]
    for number in range(count):
        name = f"consul-{number + 1}"
        port, data = free_port(), folder / name
        data.mkdir()
        command = kind.command(program, port, data)
        if count > 1:
            command += ["-hcl", cluster_hcl(number, serf)]
        url = kind.url(port)
        ready = _readiness(kind, url)
        members.append(Member(name, command, {}, folder, ready))
        urls.append(url)
        members[-1].start()
    for member in members:
        await member.is_ready()
    return members, urls


def _readiness(kind: Consul, url: str) -> Callable[[], Awaitable[bool]]:
    return lambda: kind.ready(url)


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            "restart",
            "rolling restart of all three",
            _restart_all,
            faulty=None,
            methods=("GET", "POST"),
        ),
        Scenario("consul", "Consul killed, and back", _lose_consul, faulty=None),
        Scenario("leader", "leader of three Consul servers killed", _behead, None, servers=3),
        Scenario("slow", "one slower by 500 ms", _slow_down),
        Scenario("hung", "one hangs, its health check is fine", _hang, noticed_late=True),
        Scenario("frozen", "one stands still (SIGSTOP)", _freeze, noticed_late=True),
        Scenario("crash", "one killed (kill -9)", _crash, noticed_late=True),
        Scenario(
            "flap-port",
            "one refuses for 1 s of 2 s",
            _flap("refuse", "listen"),
            noticed_late=True,
        ),
        Scenario(
            "flap-entry",
            "one deregisters for 1 s of 2 s",
            _flap("deregister", "register"),
        ),
    )
}

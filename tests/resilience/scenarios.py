"""What is done to the stand while the load goes on."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import aiohttp
from tests.resilience.load import Rate
from tests.resilience.stand import INSTANCES, Stand

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


SHORT = Pace(1.5, 3, 1, 10, 1, Rate(20, 3), 1.0)
FULL = Pace(6, 15, 6, 60, 3, Rate(40, 5), 10.0)

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
            member = stand.fleet.instances[name].member
            await member.end()
            member.start()
            await member.is_ready()


async def _lose_consul(stand: Stand, pace: Pace) -> None:
    """Kill it; meanwhile one instance goes and another comes."""
    (server,) = stand.fleet.servers
    await server.kill()
    stand.fleet.make("backend-4")
    await stand.fleet.instances[FAULTY].member.end()
    await asyncio.sleep(max(0, stand.fault_s + pace.away_s - time.monotonic()))
    server.start()
    await server.is_ready()
    stand.over_s = time.monotonic()
    await stand.knows({*INSTANCES, "backend-4"} - {FAULTY})


async def _slow_down(stand: Stand, pace: Pace) -> None:
    await stand.fleet.instances[FAULTY].tell("slow", ms="500")
    await asyncio.sleep(pace.during_s)
    await stand.fleet.instances[FAULTY].tell("slow", ms="0")


async def _hang(stand: Stand, pace: Pace) -> None:
    await stand.fleet.instances[FAULTY].tell("hang")
    await asyncio.sleep(pace.during_s)


async def _freeze(stand: Stand, pace: Pace) -> None:
    stand.fleet.instances[FAULTY].member.halt()
    await asyncio.sleep(pace.during_s)
    stand.fleet.instances[FAULTY].member.resume()


async def _crash(stand: Stand, pace: Pace) -> None:
    await stand.fleet.instances[FAULTY].member.kill()
    await asyncio.sleep(pace.during_s)


def _flap(down: str, up: str) -> Injure:
    async def flap(stand: Stand, pace: Pace) -> None:
        instance = stand.fleet.instances[FAULTY]
        while time.monotonic() < stand.fault_s + pace.during_s:
            for what in (down, up):
                await instance.tell(what)
                await asyncio.sleep(_FLAP_S)

    return flap


async def _behead(stand: Stand, pace: Pace) -> None:
    """Kill the leader of the cluster, then bring a new instance in."""
    leader = await _leader(stand)
    await stand.fleet.servers[leader].kill()
    stand.fleet.make("backend-4")
    await stand.knows({*INSTANCES, "backend-4"})
    stand.over_s = time.monotonic()
    await asyncio.sleep(max(0, stand.fault_s + pace.during_s - time.monotonic()))


async def _leader(stand: Stand) -> int:
    async with aiohttp.ClientSession() as session:
        for number, url in enumerate(stand.fleet.urls):
            async with session.get(f"{url}/v1/agent/self") as answer:
                if (await answer.json())["Stats"]["consul"]["leader"] == "true":
                    return number
    raise RuntimeError("no server leads")


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

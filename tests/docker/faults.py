"""What is done to containers: killed, frozen, or cut off from a network, and brought back."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from docker.models.containers import Container
from tests.docker.stack import SERVICES, Stack
from tests.docker.waiting import in_time

_HELLO = """
import json, pymongo
names = ("mongo-1", "mongo-2", "mongo-3")
def primary(name):
    try:
        with pymongo.MongoClient(name, directConnection=True, timeoutMS=1000) as client:
            return client.admin.command("hello")["isWritablePrimary"]
    except pymongo.errors.PyMongoError:
        return False
print(json.dumps([name for name in names if primary(name)]))
"""


@dataclass(frozen=True)
class Fault:
    """``kind``: kill, pause or disconnect. ``target``: a service of compose, or ``primary``."""

    kind: str
    target: str
    lasts_s: float


async def commit(stack: Stack, fault: Fault) -> None:
    """Do it to one container, and return when all of the stack is well again."""
    target = await primary(stack) if fault.target == "primary" else fault.target
    container = (await asyncio.to_thread(stack.containers, target))[0]
    begin, end = _WAYS[fault.kind](stack, container)
    await asyncio.to_thread(begin)
    try:
        await asyncio.sleep(fault.lasts_s)
    finally:
        await asyncio.to_thread(end)
    await in_time(lambda: _all_well(stack), f"all is well after {fault}", 120)


async def primary(stack: Stack) -> str:
    """Return which mongod is the primary, once there is one."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        order = (await asyncio.to_thread(stack.containers, "order"))[0]
        code, told = await asyncio.to_thread(order.exec_run, ["python", "-c", _HELLO])
        if code == 0 and (names := json.loads(told)):
            return str(names[0])
    raise AssertionError("MongoDB has no primary for a minute")


async def _all_well(stack: Stack) -> bool:
    """Say whether every container is healthy, and Consul knows two of each service."""
    containers = await asyncio.to_thread(stack.containers)
    health = [each.attrs["State"].get("Health", {}).get("Status") for each in containers]
    if len(containers) < 12 or set(health) != {"healthy"}:
        return False
    found = [await asyncio.to_thread(stack.passing, service) for service in SERVICES]
    return found == [2, 2, 2]


Way = tuple[Callable[[], Any], Callable[[], Any]]


def _kill(_: Stack, container: Container) -> Way:
    return container.kill, container.start


def _pause(_: Stack, container: Container) -> Way:
    return container.pause, container.unpause


def _disconnect(stack: Stack, container: Container) -> Way:
    """Cut it off where the services reach it; it comes back under its names and its address."""
    there = container.attrs["NetworkSettings"]["Networks"]
    place = next(name for name in there if name.endswith("_front" if len(there) > 1 else ""))
    network, known = stack.engine.networks.get(place), there[place]
    own = {"ipv4_address": known["IPAddress"]} if place.endswith("_front") else {}

    def back() -> None:
        network.connect(container, aliases=known["Aliases"], **own)

    return lambda: network.disconnect(container), back


_WAYS = {"kill": _kill, "pause": _pause, "disconnect": _disconnect}

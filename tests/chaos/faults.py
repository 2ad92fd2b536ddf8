"""Doing the faults to the processes and the links."""

import asyncio
import time
from dataclasses import dataclass

from tests.chaos.proxy import Mode, Way
from tests.chaos.record import Log
from tests.chaos.schedule import Fault
from tests.chaos.stack import INSTANCES, SERVERS, Stack

_ONE_BY_ONE_S = 1.0


@dataclass
class Done:
    """A fault as it happened: who was hit, and when it began and ended (since the epoch)."""

    fault: Fault
    target: str
    at: float
    ended_at: float


class Faults:
    """Follows a schedule. ``done`` is what has been injected."""

    def __init__(self, stack: Stack, log: Log) -> None:
        self._stack = stack
        self._log = log
        self.done: list[Done] = []

    async def run(self, schedule: list[Fault]) -> None:
        """Return when the last one is over."""
        async with asyncio.TaskGroup() as group:
            for fault in schedule:
                group.create_task(self._one(fault))

    async def _one(self, fault: Fault) -> None:
        await asyncio.sleep(fault.at_s)
        target = fault.target
        if target == "primary":
            target = await self._stack.primary() or SERVERS[0]
        done = Done(fault, target, time.time(), time.time() + fault.lasts_s)
        self.done.append(done)
        self._log.note("fault", kind=fault.kind, target=target, lasts_s=fault.lasts_s)
        kind = fault.kind.split()[0]
        await {"kill": self._kill, "restart": self._kill, "stop": self._stop, "link": self._link}[
            kind
        ](fault, target)
        done.ended_at = time.time()
        self._log.note("fault over", kind=fault.kind, target=target)

    async def _kill(self, fault: Fault, target: str) -> None:
        names = _members("mongo-all") if target == "all mongods" else [target]
        await asyncio.gather(*(self._stack.members[name].kill() for name in names))
        await asyncio.sleep(fault.lasts_s)
        for name in names:
            self._stack.members[name].start()

    async def _stop(self, fault: Fault, target: str) -> None:
        self._stack.members[target].halt()
        await asyncio.sleep(fault.lasts_s)
        self._stack.members[target].resume()

    async def _link(self, fault: Fault, target: str) -> None:
        _, mode, way = fault.kind.split()
        caller, _, called = target.partition(">")
        proxies = [self._stack.proxies[caller, name] for name in _members(called)]
        for proxy in proxies:
            proxy.set(Mode(mode), Way(way))
        await asyncio.sleep(fault.lasts_s)
        for proxy in proxies:
            proxy.heal()
            await asyncio.sleep(_ONE_BY_ONE_S if len(proxies) > 1 else 0)


def _members(called: str) -> list[str]:
    kind, _, which = called.partition("-")
    everybody = (*SERVERS, *INSTANCES)
    return [called] if which != "all" else [n for n in everybody if n.partition("-")[0] == kind]

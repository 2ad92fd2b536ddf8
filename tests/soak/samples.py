"""What the processes hold, looked at again and again: from /proc, and by asking them."""

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from tests.chaos.member import Member
from tests.chaos.stack import INSTANCES, Stack

EVERY_S = 2.0
NAMES = ("rss", "fds", "tasks", "connections", "lag")

_TASKS = re.compile(r"^shop_loop_tasks (\S+)", re.M)
Series = dict[str, list[tuple[float, float]]]


@dataclass
class Samples:
    """By life, ``order-2 (1234)``: an instance as long as it is one process. Times from the start.

    ``by_kind``: the last seen connections of each life: in, mongo, redis, consul, peers.
    """

    stack: Stack
    began_at: float = field(default_factory=time.time)
    lives: dict[str, Series] = field(default_factory=dict)
    by_kind: dict[str, Mapping[str, int]] = field(default_factory=dict)

    async def run(self) -> None:
        """Look until cancelled."""
        timeout = aiohttp.ClientTimeout(total=1.5)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                looks = (self._look(session, name) for name in INSTANCES)
                await asyncio.gather(*looks, asyncio.sleep(EVERY_S))

    async def _look(self, session: aiohttp.ClientSession, name: str) -> None:
        member = self.stack.members[name]
        if member.pid is None or member.stopped:
            return
        with suppress(aiohttp.ClientError, TimeoutError, OSError, ValueError):
            began_s = time.monotonic()
            async with session.get(f"{self.stack.url(name)}/health/live") as response:
                await response.read()
            lag_ms = (time.monotonic() - began_s) * 1000
            async with session.get(f"{self.stack.url(name)}/metrics") as response:
                told = _TASKS.search(await response.text())
            self._keep(name, member, lag_ms, float(told[1]) if told else 0.0)

    def _keep(self, name: str, member: Member, lag_ms: float, tasks: float) -> None:
        life, at_s = f"{name} ({member.pid})", time.time() - self.began_at
        proc = Path(f"/proc/{member.pid}")
        kinds = self._connections(name, proc)
        seen = (_rss_mib(proc), len([*(proc / "fd").iterdir()]), tasks, sum(kinds.values()), lag_ms)
        series = self.lives.setdefault(life, {each: [] for each in NAMES})
        for each, value in zip(NAMES, seen, strict=True):
            series[each].append((at_s, float(value)))
        self.by_kind[life] = kinds

    def _connections(self, name: str, proc: Path) -> Mapping[str, int]:
        """Count the established connections of a process by who is at the other end."""
        own = {_inode(link) for link in (proc / "fd").iterdir()}
        kinds: defaultdict[str, int] = defaultdict(int)
        by_port = {port: member for member, port in self.stack.ports.items()}
        for line in (proc / "net/tcp").read_text().splitlines()[1:]:
            local, remote, state, inode = (line.split()[at] for at in (1, 2, 3, 9))
            if state != "01" or inode not in own:
                continue
            if _port(local) == self.stack.ports[name]:
                kinds["in"] += 1
            else:
                kinds[by_port.get(_port(remote), "other").partition("-")[0]] += 1
        return dict(kinds)


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)


def _inode(link: Path) -> str:
    with suppress(OSError):
        return link.readlink().name.removeprefix("socket:[").removesuffix("]")
    return ""


def _rss_mib(proc: Path) -> float:
    found = re.search(r"^VmRSS:\s+(\d+)", (proc / "status").read_text(), re.M)
    if found is None:
        raise ValueError("it has gone")
    return int(found[1]) / 1024

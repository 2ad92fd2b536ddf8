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
    _lags: dict[str, tuple[float, float]] = field(default_factory=dict)

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
            life = f"{name} ({member.pid})"
            async with session.get(f"{self.stack.url(name)}/metrics") as response:
                told = await response.text()
            self._keep(life, name, member, self._lag_ms(life, told), _value("tasks", told))

    def _lag_ms(self, life: str, told: str) -> float:
        """Return how late the loop was on the average since the last look at this life."""
        whole_s, count = _value("lag_seconds_sum", told), _value("lag_seconds_count", told)
        before_s, before = self._lags.get(life, (0.0, 0.0))
        self._lags[life] = whole_s, count
        return 1000 * (whole_s - before_s) / max(count - before, 1)

    def _keep(self, life: str, name: str, member: Member, lag_ms: float, tasks: float) -> None:
        at_s = time.time() - self.began_at
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


def _value(name: str, told: str) -> float:
    found = re.search(rf"^shop_loop_{name} (\S+)", told, re.M)
    if found is None:
        raise ValueError(f"/metrics says nothing of shop_loop_{name}")
    return float(found[1])


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

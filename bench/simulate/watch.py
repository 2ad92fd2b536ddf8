"""What clients that watch services cost Consul: computed, simulated, and measured on a real one."""

import asyncio
from collections.abc import Iterable
from random import Random

from bench.chart import Bars, svg
from bench.simulate import consul_answers
from bench.simulate.agenda import Agenda, until
from bench.simulate.report import Report
from bench.simulate.world import Setting

from shop.common.peer import WatchOptions

SERVICES = 3
RESTART_EVERY_S = 2.0
LINK_BYTES_PER_S = 125e6  # 1 Gbit/s
_QUIET_S = 600.0
_HEAD = (
    "instances",
    "one answer",
    "quiet, computed",
    "quiet, simulated",
    "per restart of one, computed",
    "rolling restart of all, computed",
    "simulated",
    "link busy meanwhile",
    "quiet with wait_s=60",
)


def run(base: Setting, sizes: Iterable[int]) -> Report:
    """Measure one answer of a real Consul, and reckon with it."""
    cost = asyncio.run(consul_answers.measure())
    title = (
        f"Watch traffic to Consul: {base.clients} clients of {SERVICES} services; measured: "
        f"{cost.gzip_bytes:.0f} bytes per instance ({cost.plain_bytes:.0f} before gzip), "
        f"{cost.wakes:.1f} answers per restart"
    )
    report = Report(title, _HEAD)
    quiet: dict[str, dict[str, float]] = {}
    restart: dict[str, dict[str, float]] = {}
    for size in sizes:
        answer = size * cost.gzip_bytes
        usual, patient = WatchOptions().wait_s, 60.0
        rates = [_quiet(base.clients, answer, wait_s) for wait_s in (usual, patient)]
        one = base.clients * cost.wakes * answer
        idle = _simulate(base, answer, [], _QUIET_S) / _QUIET_S * SERVICES
        moments, end_s = _restarts(size, cost.wakes)
        total = _simulate(base, answer, moments, end_s)
        report.add(
            size,
            _size(answer),
            f"{_size(rates[0])}/s",
            f"{_size(idle)}/s",
            _size(one),
            _size(one * size),
            _size(total),
            f"{100 * total / (end_s * LINK_BYTES_PER_S):.2g} %",
            f"{_size(rates[1])}/s",
        )
        quiet[str(size)] = {"wait_s = 10": rates[0] / 1e6, "wait_s = 60": rates[1] / 1e6}
        restart[str(size)] = {"rolling restart": total / end_s / 1e6}
    report.pictures["simulate-watch.svg"] = svg(
        f"What {base.clients} clients that watch {SERVICES} services read from Consul",
        [
            Bars("Nothing changes", "instances of each service", "MB per second", quiet),
            Bars(
                "One service is restarted, an instance every 2 s: on top of that",
                "instances of that service",
                "MB per second",
                restart,
            ),
        ],
    )
    return report


def _quiet(clients: int, answer: float, wait_s: float) -> float:
    """Return bytes per second: Consul adds up to a sixteenth to the wait."""
    return clients * SERVICES * answer / (wait_s * (1 + 1 / 32))


def _restarts(size: int, wakes: float) -> tuple[list[float], float]:
    """Return when something changes while all are restarted one by one, and the end of it."""
    times = max(1, round(wakes))
    moments = [
        n * RESTART_EVERY_S + part * RESTART_EVERY_S / times
        for n in range(size)
        for part in range(times)
    ]
    return moments, size * RESTART_EVERY_S


class _Consul:
    """Answers watchers over one link, in the order in which the answers are due."""

    def __init__(self, agenda: Agenda, answer: float, moments: list[float]) -> None:
        self._agenda = agenda
        self._answer = answer
        self._moments = moments
        self._free_s = 0.0
        self.sent = 0.0
        self._changes = 0
        self._next = 0

    @property
    def index(self) -> int:
        """Return how many changes there have been by now."""
        while self._next < len(self._moments) and self._moments[self._next] <= self._agenda.now_s:
            self._next += 1
        return self._next

    async def query(self, index: int, wait_s: float) -> int:
        """Return the index once it is another one, or after the wait."""
        if self.index == index:
            due_s = self._agenda.now_s + wait_s
            await until(min(due_s, self._moments[index]) if index < len(self._moments) else due_s)
        seen = self.index
        self.sent += self._answer
        self._free_s = max(self._free_s, self._agenda.now_s) + self._answer / LINK_BYTES_PER_S
        await until(self._free_s)
        return seen


def _simulate(base: Setting, answer: float, moments: list[float], end_s: float) -> float:
    """Return the bytes that are sent to the watchers of one service."""
    agenda, rng, options = Agenda(), Random(f"{base.seed} watch"), WatchOptions()
    consul = _Consul(agenda, answer, moments)

    async def watch(begin_s: float) -> None:
        await until(begin_s)
        index = consul.index
        while agenda.now_s < end_s:
            jitter = 1 + rng.random() / 16
            index = await consul.query(index, options.wait_s * jitter)
            await agenda.sleep(options.pace_s)

    for _ in range(base.clients):
        agenda.begin(watch(rng.random() * options.wait_s if not moments else 0.0))
    agenda.run(end_s)
    return consul.sent


def _size(count: float) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count:.0f} B"

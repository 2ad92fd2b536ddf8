"""Measuring all loads in rounds, and showing how far it is."""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.speed import cpu, wrk
from bench.speed.contender import Contender
from bench.speed.samples import Sample
from bench.speed.stage import Stage

_OVERHEAD_S = 0.25  # of starting wrk and reading it
_WARM_S = 1


@dataclass(frozen=True)
class Load:
    """A row's load on one contender: ``script`` makes what wrk runs, anew for every run."""

    row: str
    contender: Contender
    service: str
    script: Callable[[], str]
    at: Sequence[int]
    threads: int = 1
    connections: int | None = None  # where ``at`` says something else

    def runs(self) -> list["Run"]:
        return [Run(self, at) for at in self.at]


@dataclass(frozen=True)
class Run:
    load: Load
    at: int

    @property
    def connections(self) -> int:
        return self.load.connections or self.at


@dataclass
class Clock:
    """How many runs are left, and how long they will take."""

    total: int
    seconds_each: float
    done: int = 0
    began_s: float = field(default_factory=time.monotonic)

    def line(self, what: str) -> str:
        left_s = (self.total - self.done) * self.seconds_each
        if self.done >= 4:
            left_s = (self.total - self.done) * (time.monotonic() - self.began_s) / self.done
        return f"[{self.done + 1}/{self.total}, {_duration(left_s)} left] {what}"


async def measure(stage: Stage, loads: Sequence[Load], rounds: int, seconds: int) -> list[Sample]:
    """Run all loads in each round, those of one row and size one after the other."""
    runs = interleaved(loads)
    warm = list({id(run.load): run for run in runs}.values())
    clock = Clock(len(warm) + rounds * len(runs), seconds + _OVERHEAD_S)
    samples = []
    for run in warm:
        _show(clock, f"warming up: {run.load.row}, {run.load.contender.name}")
        await _run(stage, run, 0, _WARM_S)
        clock.done += 1
    for number in range(1, rounds + 1):
        # Every second round backwards: who comes first or last is not always the same.
        for run in runs if number % 2 else reversed(runs):
            _show(clock, f"round {number}: {run.load.row}, {run.load.contender.name}, {run.at}")
            samples.append(await _run(stage, run, number, seconds))
            clock.done += 1
    _show(clock, "")
    order = {(run.load.row, run.load.contender.name, run.at): n for n, run in enumerate(runs)}
    return sorted(samples, key=lambda s: (order[s.row, s.contender, s.at], s.round))


def interleaved(loads: Sequence[Load]) -> list[Run]:
    """Return the runs by row and size, so that contenders are measured side by side."""
    rows = list(dict.fromkeys(load.row for load in loads))
    sizes = sorted({at for load in loads for at in load.at})
    return [
        Run(load, at)
        for row in rows
        for at in sizes
        for load in loads
        if load.row == row and at in load.at
    ]


async def _run(stage: Stage, run: Run, number: int, seconds: int) -> Sample:
    load, mongod = run.load, stage.processes["mongo"].pid
    script = load.script()
    before, mongo_before = cpu.used_s(load.contender.pids), cpu.used_s([mongod])
    told = await wrk.run(
        script,
        load.contender.base(load.service),
        connections=run.connections,
        seconds=seconds,
        threads=load.threads,
    )
    used, mongo_used = cpu.used_s(load.contender.pids), cpu.used_s([mongod])
    requests = max(1, told.requests)
    return Sample(
        row=load.row,
        contender=load.contender.name,
        at=run.at,
        round=number,
        rate=told.rate,
        p50_ms=told.p50_ms,
        p99_ms=told.p99_ms,
        cpu_us=(used - before) / requests * 1e6,
        mongo_us=(mongo_used - mongo_before) / requests * 1e6,
        failed=(told.refused + told.broken) / requests,
    )


def _show(clock: Clock, what: str) -> None:
    moving = sys.stderr.isatty()
    if not what:
        sys.stderr.write("\r\033[K" if moving else "")
        return
    text = clock.line(what)
    if moving:
        sys.stderr.write(f"\r\033[K{text}")
    elif clock.done % 10 == 0:
        sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{max(0, seconds):.0f} s"

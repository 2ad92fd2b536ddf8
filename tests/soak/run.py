"""One run: mixed load with faults for as long as was asked, then quiet, then the checks."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.chaos import stack as stacks
from tests.chaos.checker import Violation
from tests.chaos.client import Client
from tests.chaos.faults import Done, Faults
from tests.chaos.load import Load, stock_up
from tests.chaos.reconciled import reconcile
from tests.chaos.record import Log
from tests.chaos.run import rest
from tests.chaos.stack import SERVICES, Stack
from tests.chaos.testimony import Testimony
from tests.chaos.world import reading
from tests.soak.faults import schedule
from tests.soak.followers import Listeners, Readers
from tests.soak.samples import Samples

_PROGRESS_EVERY_S = 15
_STORIES_PER_S, _READS_PER_S = 3.0, 20.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What to run. ``leak``: let every service leak, which ought to be found out."""

    seed: int
    duration_s: float
    bin_folder: Path
    log: Path
    leak: bool = False
    fault_every_s: float = 45.0


@dataclass
class Result:
    """What came of a run."""

    plan: Plan
    samples: Samples
    requests: int
    answers: Counter[str]
    told: Counter[str]
    faults: list[Done]
    orders: int
    reconciled: str
    violations: list[Violation]


async def run(plan: Plan, say: Say) -> Result:
    """Run it to its end; everything that was started is ended also if this is cancelled."""
    log = Log(plan.log)
    try:
        say(f"Starting the shop (seed {plan.seed}, {plan.duration_s / 60:g} minutes)")
        guard = "thrift" if plan.leak else None
        async with stacks.opened(plan.bin_folder, plan.log.with_suffix(".logs"), guard) as stack:
            return await _soak(plan, say, stack, log)
    finally:
        log.close()


async def _soak(plan: Plan, say: Say, stack: Stack, log: Log) -> Result:
    urls = {service: stack.urls(service) for service in SERVICES}
    rng = random.Random(f"load {plan.seed}")
    async with Client(urls, log, rng) as client, reading(urls) as reader:
        goods = await stock_up(client)
        samples, faults = Samples(stack), Faults(stack, log)
        readers, listeners = Readers(urls, goods, rng), Listeners(urls, rng)
        beside = [
            asyncio.create_task(work)
            for work in (
                samples.run(),
                readers.run(_READS_PER_S),
                listeners.run(),
                _progress(say, log, samples, faults, listeners),
            )
        ]
        try:
            async with asyncio.TaskGroup() as group:
                load = Load(client, goods, rng, _STORIES_PER_S)
                group.create_task(load.run(plan.duration_s))
                group.create_task(
                    faults.run(schedule(plan.seed, plan.duration_s, plan.fault_every_s))
                )
        finally:
            for task in beside:
                task.cancel()
            ended = await asyncio.gather(*beside, return_exceptions=True)
        broken = [e for e in ended if isinstance(e, Exception)]
        if broken:
            raise broken[0]
        await stack.heal()
        say("The load is over; waiting until everything has come to rest")
        world, violations = await rest(reader, Testimony(log.attempts, goods.stocks), time.time())
        reconciled = await reconcile(stack.members["order-1"])
    return Result(
        plan,
        samples,
        len(log.attempts),
        readers.answers,
        listeners.told,
        faults.done,
        len(world.orders),
        reconciled.summary,
        [*violations, *reconciled.violations(), *listeners.violations],
    )


async def _progress(
    say: Say, log: Log, samples: Samples, faults: Faults, listeners: Listeners
) -> None:
    while True:
        await asyncio.sleep(_PROGRESS_EVERY_S)
        now = time.time()
        rss = {
            life.partition(" ")[0]: f"{series['rss'][-1][1]:.0f}"
            for life, series in samples.lives.items()
        }
        going = [f"{d.fault.kind} {d.target}" for d in faults.done if d.ended_at > now]
        memory = " ".join(f"{name} {mib}" for name, mib in sorted(rss.items()))
        say(
            f"{now - samples.began_at:5.0f} s  {len(log.attempts)} requests, "
            f"{sum(listeners.told.values())} events; MiB: {memory}; {', '.join(going)}"
        )

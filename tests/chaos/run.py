"""One run: load and faults, then quiet, then the check, and what the shop says of itself."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.chaos import stack as stacks
from tests.chaos.checker import Violation, check
from tests.chaos.client import Client
from tests.chaos.faults import Done, Faults
from tests.chaos.load import Goods, Load, stock_up
from tests.chaos.reconciled import Reconciled, reconcile
from tests.chaos.record import Attempt, Log
from tests.chaos.schedule import schedule
from tests.chaos.settings import UNPAID_AFTER_S
from tests.chaos.stack import SERVICES, Stack
from tests.chaos.testimony import Testimony
from tests.chaos.watch import Watch
from tests.chaos.world import Reader, World, reading

CONVERGE_WITHIN_S = 60 + UNPAID_AFTER_S
_PROGRESS_EVERY_S = 5
_STORIES_PER_S = 5.0

Say = Callable[[str], None]


@dataclass
class Result:
    """What came of a run. Times in seconds since the epoch, but ``converged_s``: it took so long.

    ``quiet_at``: when everything was well again.
    """

    seed: int
    began_at: float
    quiet_at: float
    converged_s: float
    faults: list[Done]
    attempts: list[Attempt]
    watch: Watch
    world: World
    reconciled: Reconciled
    violations: list[Violation]


@dataclass(frozen=True)
class Plan:
    """What to run. ``without``: a guard that is taken away, which ought to be found out."""

    seed: int
    duration_s: float
    bin_folder: Path
    log: Path
    without: str | None = None


async def run(plan: Plan, say: Say) -> Result:
    """Run it to its end; everything that was started is ended also if this is cancelled."""
    log = Log(plan.log)
    try:
        say(f"Starting the shop (seed {plan.seed}, log {plan.log})")
        async with stacks.opened(
            plan.bin_folder, plan.log.with_suffix(".logs"), plan.without
        ) as stack:
            urls = {service: stack.urls(service) for service in SERVICES}
            rng = random.Random(f"load {plan.seed}")
            async with Client(urls, log, rng) as client, reading(urls) as reader:
                goods = await stock_up(client)
                return await _maltreat(plan, say, stack, log, client, reader, goods, rng)
    finally:
        log.close()


async def _maltreat(
    plan: Plan,
    say: Say,
    stack: Stack,
    log: Log,
    client: Client,
    reader: Reader,
    goods: Goods,
    rng: random.Random,
) -> Result:
    began_at, watch, faults = time.time(), Watch(list(goods.stocks)), Faults(stack, log)
    watching = asyncio.create_task(watch.run({s: stack.urls(s) for s in SERVICES}))
    telling = asyncio.create_task(_progress(say, log, faults, watch, began_at))
    try:
        load = Load(client, goods, rng, _STORIES_PER_S)
        async with asyncio.TaskGroup() as group:
            group.create_task(load.run(plan.duration_s))
            group.create_task(faults.run(schedule(plan.seed, plan.duration_s)))
        await stack.heal()
        quiet_at = time.time()
        say("The faults are over; waiting until everything has come to rest")
        world, violations = await rest(reader, Testimony(log.attempts, goods.stocks), quiet_at)
    finally:
        for task in (watching, telling):
            task.cancel()
        await asyncio.gather(watching, telling, return_exceptions=True)
    converged_s = time.time() - quiet_at
    reconciled = await reconcile(stack.members["order-1"])
    return Result(
        plan.seed,
        began_at,
        quiet_at,
        converged_s,
        faults.done,
        log.attempts,
        watch,
        world,
        reconciled,
        [*watch.negative, *violations, *reconciled.violations()],
    )


async def rest(
    reader: Reader, testimony: Testimony, quiet_at: float
) -> tuple[World, list[Violation]]:
    """Return the first state of the shop that is right, or the last one when time is up."""
    deadline = quiet_at + CONVERGE_WITHIN_S
    while time.time() < deadline and await _busy(reader):
        await asyncio.sleep(0.5)
    while True:
        world = await reader.world(testimony.told())
        violations = check(world, testimony)
        if not violations or time.time() > deadline or not any(map(_may_pass, violations)):
            return world, violations
        await asyncio.sleep(1)


async def _busy(reader: Reader) -> bool:
    for status in ("pending", "confirmed"):
        page = await reader.get("order", f"/orders?limit=1&status={status}")
        if page and page["items"]:
            return True
    return False


def _may_pass(violation: Violation) -> bool:
    """Say whether this is what time may still mend."""
    lasting = ("doubled", "invented", "replay", "lost", "error", "too early", "unknown")
    return not any(word in violation.rule for word in lasting)


async def _progress(say: Say, log: Log, faults: Faults, watch: Watch, began_at: float) -> None:
    while True:
        await asyncio.sleep(_PROGRESS_EVERY_S)
        now = time.time()
        going = [f"{d.fault.kind} {d.target}" for d in faults.done if d.ended_at > now]
        pending = watch.pending[-1][1] if watch.pending else 0
        say(
            f"{now - began_at:4.0f} s  {len(log.attempts)} requests, {pending} orders pending; "
            f"faults now: {', '.join(going) or 'none'}"
        )

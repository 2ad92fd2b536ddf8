"""How long a service takes to start, and what it holds while nothing is asked of it."""

import asyncio
from collections.abc import Mapping

from bench.speed import contender, cpu
from bench.speed.cast import cast, say
from bench.speed.contender import SERVICES
from bench.speed.options import Options
from bench.speed.stage import Stage

STARTED_S, IDLE_MB = "seconds from the command to ready", "MB while idle"
_IDLE_S = 2


async def run(stage: Stage, options: Options) -> Mapping[str, Mapping[str, list[float]]]:
    """Return what each service took, once per round; each starts alone, with its indexes there."""
    found: dict[str, dict[str, list[float]]] = {
        what: {service: [] for service in SERVICES} for what in (STARTED_S, IDLE_MB)
    }
    for number in range(options.rounds + 1):
        for service in SERVICES:
            say(f"Starting {service}, round {number} of {options.rounds}")
            async with cast(stage) as players:
                shop = await players.enter(contender.shop(stage, services=(service,)))
                await asyncio.sleep(_IDLE_S)
                if number == 0:  # builds the indexes
                    continue
                found[STARTED_S][service].append(shop.started_s)
                found[IDLE_MB][service].append(cpu.resident_mb(shop.processes[0].pid))
    return found

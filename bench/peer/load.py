"""A number of callers for some seconds, with a fault in between."""

import asyncio
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.peer.rivals import Call

CALLERS = 16
BEFORE_S, AFTER_S, LAST_S = 3.0, 9.0, 5.0
PAUSE_S = 0.02


@dataclass(frozen=True)
class Done:
    """One call: when it began, in seconds after the fault; how long it took; whether it failed."""

    at_s: float
    took_s: float
    failed: bool


async def load(call: Call, fail: Callable[[], None]) -> list[Done]:
    done: list[Done] = []
    fault_s = time.monotonic() + BEFORE_S

    async def work() -> None:
        while time.monotonic() < fault_s + AFTER_S:
            began_s = time.monotonic()
            try:
                await call()
                failed = False
            except Exception:
                failed = True
            done.append(Done(began_s - fault_s, time.monotonic() - began_s, failed))
            await asyncio.sleep(PAUSE_S)

    asyncio.get_running_loop().call_later(BEFORE_S, fail)
    await asyncio.gather(*(work() for _ in range(CALLERS)))
    return done


def row(name: str, done: list[Done]) -> str:
    before = [each for each in done if each.at_s + each.took_s < 0]
    after = [each for each in done if each.at_s + each.took_s >= 0]
    last = [each for each in after if each.at_s >= AFTER_S - LAST_S]
    failed = sum(each.failed for each in after)
    cells = [name, len(after), failed, p99(before), p99(after), p99(last)]
    return "| " + " | ".join(map(str, cells)) + " |"


def p99(done: list[Done]) -> str:
    took = [each.took_s for each in done]
    return f"{statistics.quantiles(took, n=100)[98] * 1000:.0f} ms" if len(took) > 1 else "-"

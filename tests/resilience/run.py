"""One scenario from its beginning to its end, and what came of it."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

from tests.resilience import stand as stands
from tests.resilience.load import Call, Rate
from tests.resilience.record import Attempt, Record
from tests.resilience.scenarios import FAULTY, Pace, Scenario
from tests.resilience.stand import Fleet

_SETTLE_S = 1.0  # connections are opened, latencies learned
_QUICK_CHECK_S = 0.3


@dataclass(frozen=True)
class Result:
    """Times on the monotonic clock: the load was steady from ``began_s`` on, and so forth."""

    scenario: Scenario
    began_s: float
    fault_s: float
    over_s: float
    ended_s: float
    calls: list[Call]
    record: Record

    @property
    def failed(self) -> int:
        """How many calls were not answered 200; those with no answer at all are among them."""
        asked = sum(load is not None for _, load in self.record.asked)
        return asked - sum(call.status == 200 for call in self.calls)

    def between(self, begin_s: float, end_s: float) -> list[Call]:
        """Return the calls that began in this time."""
        return [call for call in self.calls if begin_s <= call.at_s < end_s]

    @property
    def faulty_attempts(self) -> list[Attempt]:
        """What was asked of the faulty instance while it was so, but for what it had by then."""
        return [
            each
            for each in self.record.attempts
            if each.instance == self.scenario.faulty and self.fault_s <= each.began_s < self.over_s
        ]

    @property
    def lost(self) -> int:
        """How many of those it did not answer, or not in time."""
        return sum(each.outcome != "answered" for each in self.faulty_attempts)

    @property
    def blind_s(self) -> float:
        """How long the fault cannot be seen: until a call has taken longer than any before."""
        return max(
            each.ended_s - each.began_s
            for each in self.record.attempts
            if each.outcome == "answered" and each.ended_s < self.fault_s
        )

    @property
    def lost_late(self) -> int:
        """How many of the lost were asked of it when the fault could be seen."""
        seen_s = self.fault_s + self.blind_s
        return sum(e.outcome != "answered" and e.began_s >= seen_s for e in self.faulty_attempts)

    @property
    def share(self) -> float | None:
        """The faulty instance's share of what all were asked meanwhile; None: none is faulty."""
        if self.scenario.faulty is None:
            return None
        asked = [e for e in self.record.attempts if self.fault_s <= e.began_s < self.over_s]
        return len(self.faulty_attempts) / len(asked) if asked else 0.0

    @property
    def let_go_s(self) -> float | None:
        """Seconds after which the edge heard from Consul that the faulty one is not well."""
        for at, instances in self.record.known:
            if at > self.fault_s and FAULTY not in instances:
                return at - self.fault_s
        return None


async def run(scenario: Scenario, pace: Pace, program: Path, logs: Path) -> Result:
    """Run it with a fleet of its own; what was started is ended also if this is cancelled."""
    check_s = pace.check_interval_s if scenario.noticed_late else _QUICK_CHECK_S
    async with stands.fleet(
        program, logs, servers=scenario.servers, check_interval_s=check_s
    ) as fleet:
        return await run_with(fleet, scenario, pace)


async def run_with(fleet: Fleet, scenario: Scenario, pace: Pace) -> Result:
    """Run it with this fleet, which needs mending then."""
    async with stands.stand(fleet) as stand:
        rate = Rate(pace.rate.workers // len(scenario.methods), pace.rate.each_per_s)
        for method in scenario.methods:
            await stand.call(rate, method)
        await asyncio.sleep(_SETTLE_S)
        began_s = time.monotonic()
        await asyncio.sleep(pace.before_s)
        stand.fault_s = time.monotonic()
        await scenario.injure(stand, pace)
        over_s = stand.over_s or time.monotonic()
        await asyncio.sleep(pace.after_s)
        ended_s = time.monotonic()
        calls, record = await stand.finish()
    return Result(scenario, began_s, stand.fault_s, over_s, ended_s, calls, record)

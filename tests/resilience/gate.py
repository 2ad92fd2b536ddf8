"""An edge in front of one service of the shop, and callers who ask it."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from tests.chaos.member import Member
from tests.resilience.house import House
from tests.resilience.load import Call, Load, Rate
from tests.resilience.record import Record

from shop.local.ports import HOST, free_port

_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Seen:
    """What came of it: the calls of each load as their caller saw them, and what the edge did.

    ``asked``: how many calls have reached the edge; those that nobody answered are among them.
    """

    loads: list[list[Call]]
    asked: int
    record: Record

    @property
    def calls(self) -> list[Call]:
        """All calls."""
        return [call for load in self.loads for call in load]

    def good(self, statuses: Sequence[int]) -> int:
        """Return how many calls were answered with one of these."""
        return sum(call.status in statuses for call in self.calls)

    def answering(self, begin_s: float) -> set[str]:
        """Return the instances that answered what was asked of them from then on."""
        late = (each for each in self.record.attempts if each.began_s >= begin_s)
        return {each.instance for each in late if each.outcome == "answered"}


@dataclass
class Gate:
    """The edge, and the loads on it with when each began."""

    edge: Member
    url: str
    record: Path
    loads: list[tuple[Load, float]] = field(default_factory=list)

    async def get(self, paths: Sequence[str], rate: Rate) -> None:
        """Have callers read, as many for each path."""
        for number, path in enumerate(paths):
            await self._call(Load(self.url + path, rate, self._table(number)), rate, len(paths))

    async def post(self, path: str, bodies: Sequence[Any], rate: Rate) -> None:
        """Have callers send, as many for each body."""
        for number, body in enumerate(bodies):
            text = json.dumps(body)
            load = Load(self.url + path, rate, self._table(number), "POST", text)
            await self._call(load, rate, len(bodies))

    async def finish(self) -> Seen:
        """End the loads, then the edge; return what the callers and the edge have seen."""
        for load, _ in self.loads:
            load.interrupt()
        for load, _ in self.loads:
            await load.ended()
        await self.edge.end()
        record = Record.read(self.record)
        asked = sum(at >= self.loads[0][1] for at, _ in record.asked)
        return Seen([load.calls(began_s) for load, began_s in self.loads], asked, record)

    async def knows(self, names: Sequence[str]) -> bool:
        """Say whether the edge passes calls on, and to exactly these instances."""
        try:
            async with aiohttp.ClientSession(self.url) as session:
                async with session.get("/health/ready") as answer:  # the first call has it look
                    answers = answer.status == 200
                async with session.get("/_known") as answer:
                    return answers and set(await answer.json()) == set(names)
        except aiohttp.ClientError:
            return False

    async def _call(self, load: Load, rate: Rate, parts: int) -> None:
        self.loads.append((load, time.monotonic()))
        await load.start()
        await asyncio.sleep(1 / rate.each_per_s / parts)  # or all would call in the same moment

    def _table(self, number: int) -> Path:
        return self.record.with_suffix(f".{number}.csv")


@asynccontextmanager
async def opened(house: House, service: str) -> AsyncIterator[Gate]:
    """Start an edge that knows all instances of the service; end it and its load afterwards."""
    port = free_port()
    record = house.folder / f"edge-{service}.jsonl"
    command = [sys.executable, "-m", "tests.resilience.edge", service, house.consul]
    command += [str(port), str(record)]
    env = {**os.environ, "PYTHONPATH": str(_ROOT)}
    edge = Member(
        f"edge-{service}", command, env, house.folder, lambda: gate.knows(house.of(service))
    )
    gate = Gate(edge, f"http://{HOST}:{port}", record)
    edge.start()
    try:
        await edge.is_ready()
        yield gate
    finally:
        for load, _ in gate.loads:
            load.kill()
        await edge.kill()

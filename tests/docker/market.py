"""The load and the checker of tests/chaos, pointed at the edge."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.asking import Api
from tests.chaos.checker import Violation
from tests.chaos.client import Client
from tests.chaos.load import Load, stock_up
from tests.chaos.reconciled import Reconciled
from tests.chaos.record import Attempt, Log
from tests.chaos.run import rest
from tests.chaos.testimony import Testimony
from tests.chaos.world import Reader
from tests.docker.stack import SERVICES, Stack

_STORIES_PER_S = 3.0
_SLICE_S = 2.0
_PATIENCE_S = 16.0  # a little longer than the edge waits for an instance


@dataclass(frozen=True)
class Outcome:
    """What the client sent while something went on, and which promises were broken."""

    attempts: Sequence[Attempt]
    violations: Sequence[Violation]

    @property
    def failed(self) -> list[str]:
        """Return the requests without an answer, or with one that blames the server."""
        return [
            f"{each.operation} {each.subject} at {each.at:.1f}: {each.outcome}"
            for each in self.attempts
            if each.lost != "went" and (each.status is None or each.status >= 500)
        ]


class _Newer(Reader):
    """Passes over the orders that were there before."""

    def __init__(self, edge: Api, before: set[str]) -> None:
        super().__init__({service: [edge] for service in SERVICES})
        self._before = before

    async def everything(self, service: str, path: str) -> list[dict[str, Any]]:
        found = await super().everything(service, path)
        return [each for each in found if each.get("id") not in self._before]


class Market:
    """Buyers and a shopkeeper, who come back as often as they are asked to."""

    def __init__(self, stack: Stack, reader: Reader, log: Log, load: Load, goods: Any) -> None:
        self._stack = stack
        self._reader = reader
        self._log = log
        self._load = load
        self._goods = goods

    async def during(self, work: Awaitable[None]) -> Outcome:
        """Buy and sell while the work goes on; then let all come to rest, and check it."""
        first, task = len(self._log.attempts), asyncio.ensure_future(work)
        async with asyncio.TaskGroup() as group:
            while not task.done():  # each slice goes on until the last of its stories has ended
                group.create_task(self._load.run(_SLICE_S))
                await asyncio.sleep(_SLICE_S)
        await task
        testimony = Testimony(self._log.attempts, self._goods.stocks)
        _, violations = await rest(self._reader, testimony, time.time())
        reconciled = await asyncio.to_thread(self._reconcile)
        return Outcome(self._log.attempts[first:], [*violations, *reconciled.violations()])

    def _reconcile(self) -> Reconciled:
        order = self._stack.containers("order")[0]
        code, (told, said) = order.exec_run(["python", "-m", "shop.order", "reconcile"], demux=True)
        lines = (told or said or b"reconcile said nothing").decode().splitlines()
        return Reconciled(code, lines)


@asynccontextmanager
async def opened(stack: Stack) -> AsyncIterator[Market]:
    """Stock up, and give the market."""
    log = Log(Path("build/docker/load.jsonl"))
    rng = random.Random(7)
    urls = {service: [stack.edge] for service in SERVICES}
    try:
        async with (
            Client(urls, log, rng, _PATIENCE_S, stack.token()) as client,
            Api(f"{stack.edge}/api/v1", stack.token()) as edge,
        ):
            before = {order["id"] for order in await edge.everything("/orders")}
            goods = await stock_up(client)
            load = Load(client, goods, rng, _STORIES_PER_S)
            yield Market(stack, _Newer(edge, before), log, load, goods)
    finally:
        log.close()

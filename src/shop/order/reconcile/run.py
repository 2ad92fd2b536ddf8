"""Goes through all orders, a bounded number at a time, and prints each disagreement as it comes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TextIO

from shop.common.clock import Clock, now
from shop.order.reconcile.listing import Known, Shop
from shop.order.reconcile.rules import Disagreement, disagreements

_AT_ONCE = 16
_LOOKS = 4
_LOOK_AGAIN_S = 0.5
_PROGRESS_EVERY = timedelta(seconds=2)


@dataclass
class Tally:
    """What a run has found."""

    compared: int = 0
    found: int = 0
    repaired: int = 0

    @property
    def left(self) -> int:
        """How many disagreements stand."""
        return self.found - self.repaired


class Reconciler:
    """Compares; with ``fix`` it also makes the repairs that have one right answer.

    What changes while it looks is looked at again, up to four times in 1.5 s, so an order that is
    being placed is no disagreement.
    """

    def __init__(
        self,
        shop: Shop,
        *,
        fix: bool,
        out: TextIO,
        progress: TextIO,
        clock: Clock = now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._shop = shop
        self._fix = fix
        self._out = out
        self._progress = progress
        self._now = clock
        self._sleep = sleep
        self._tally = Tally()
        self._said = clock()
        self._looked_at = 0

    async def run(self) -> Tally:
        """Compare all; raises what makes that impossible (PeerError, UnexpectedAnswer)."""
        await self._each(self._shop.orders(), self._compare)
        await self._each(self._shop.elsewhere(), self._compare_stray)
        return self._tally

    async def _each(
        self, all_known: AsyncIterator[Known], compare: Callable[[Known], Awaitable[None]]
    ) -> None:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(known: Known) -> None:
            try:
                await compare(known)
            finally:
                gate.release()

        async with asyncio.TaskGroup() as group:
            async for known in all_known:
                await gate.acquire()
                group.create_task(one(known))
                self._looked_at += 1
                self._report_progress()

    async def _compare_stray(self, known: Known) -> None:
        """Compare what was not compared before: an order that the order service does not have."""
        if not await self._shop.has_order(known.order_id):
            await self._compare(known)

    async def _compare(self, known: Known) -> None:
        self._tally.compared += 1
        for found in await self._lasting(known):
            self._tally.found += 1
            self._print(found, await self._repair(known, found))

    async def _lasting(self, known: Known) -> list[Disagreement]:
        """Return the disagreements that are there at every look, as the last one shows them."""
        found = list(disagreements(await self._shop.look(known)))
        for _ in range(_LOOKS - 1):
            if not found:
                break
            await self._sleep(_LOOK_AGAIN_S)
            before = {each.what for each in found}
            seen = disagreements(await self._shop.look(known))
            found = [each for each in seen if each.what in before]
        return found

    async def _repair(self, known: Known, found: Disagreement) -> str:
        if found.repair is None:
            return "decide by hand"
        if not self._fix:
            return "can be repaired by --fix"
        answer = await self._shop.repair(found.repair)
        if any(left.what == found.what for left in await self._lasting(known)):
            return f"NOT repaired: {found.repair.service} answered {answer.status}"
        self._tally.repaired += 1
        return "repaired"

    def _print(self, found: Disagreement, outcome: str) -> None:
        age = _age(self._now() - found.since) if found.since else None
        told = f"for {age} at most" if age else "it is not known for how long"
        self._out.write(f"{found.order_id}  {found.what}  ({told})  {outcome}\n")
        self._out.flush()

    def _report_progress(self) -> None:
        if self._now() - self._said >= _PROGRESS_EVERY:
            self._said = self._now()
            found = self._tally.found
            self._progress.write(f"... {self._looked_at} looked at, {found} disagreements\n")
            self._progress.flush()


def _age(age: timedelta) -> str:
    return str(max(age, timedelta())).partition(".")[0]

"""Takes up what is due: orders whose placing died, steps that failed, orders left unpaid.

Any number of relays may run at once. A claim is one write that takes the oldest due order for a
lease; a relay that stops in the middle loses it, and the fence refuses what it writes later.
"""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from shop.common import spans, trace
from shop.common.clock import Clock
from shop.common.clock import now as system_clock
from shop.common.errors import ShopError
from shop.order.config import OrderConfig
from shop.order.model import Order
from shop.order.saga import Patience, Saga

log = structlog.get_logger()


class Claims(Protocol):
    """Where due work is found. All raise Unavailable while it is away."""

    async def recover(self, now: datetime) -> int:
        """Store new orders whose placing died, as pending and due; return how many."""

    async def claim(self, now: datetime, lease: timedelta) -> Order | None:
        """Take the order whose work has been due longest, until ``now + lease``."""

    async def next_due(self) -> datetime | None:
        """Return when the next work is due, or None if there is none at all."""


class Relay:
    """One instance's relay. ``wake`` is for whoever learns that there is work before it polls."""

    def __init__(
        self, claims: Claims, saga: Saga, config: OrderConfig, clock: Clock = system_clock
    ) -> None:
        self._claims = claims
        self._saga = saga
        self._config = config
        self._patience = Patience(config.step_timeout_s, config.step_timeout_s)
        self._now = clock
        self._free = asyncio.Semaphore(config.concurrency)
        self._woken = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        """Look for due work now rather than at the next poll."""
        self._woken.set()

    def stop(self) -> None:
        """Let ``run`` take up nothing more and return when what it holds is done or given back."""
        self._stopping = True
        self._woken.set()

    async def run(self) -> None:
        """Take up work until ``stop``; what fails is given back, so this ends within a pass."""
        async with asyncio.TaskGroup() as group:
            recovering = group.create_task(self._recover())
            while await self._may_take_one():
                self._woken.clear()
                order = await self._claim()
                if order is not None:
                    group.create_task(self._work(order)).add_done_callback(self._release)
                else:
                    self._free.release()
                    await self._rest()
            recovering.cancel()

    async def run_once(self) -> int:
        """Take up, one by one, all that is due now; return how many claims that were."""
        await self._claims.recover(self._now())
        count = 0
        while order := await self._claims.claim(self._now(), self._config.lease):
            await self._lead_on(order)
            count += 1
        return count

    async def _recover(self) -> None:
        """Look for orders whose placing died at every poll, however much other work there is."""
        while not self._stopping:  # Python 3.11 can swallow the cancellation
            try:
                if await self._claims.recover(self._now()):
                    self.wake()
            except ShopError as error:
                log.warning("relay cannot look for new orders", error=error.detail)
            except Exception:
                log.exception("relay cannot recover new orders")
            await asyncio.sleep(self._config.poll_s)

    async def _may_take_one(self) -> bool:
        await self._free.acquire()
        return not self._stopping

    async def _claim(self) -> Order | None:
        try:
            return await self._claims.claim(self._now(), self._config.lease)
        except ShopError as error:
            log.warning("relay cannot look for work", error=error.detail)
        except Exception:
            log.exception("relay cannot read an order")  # it is leased now: others come first
        return None

    async def _work(self, order: Order) -> None:
        try:
            await self._lead_on(order)
        except Exception:
            log.exception("relay failed at an order", order=order.id)

    async def _lead_on(self, order: Order) -> None:
        """Go on in the trace of the request that left the work."""
        left = trace.Trace.again(order.work.trace) if order.work else None
        with trace.scope(left), spans.span("relay", attributes={"shop.order.id": order.id}):
            await self._saga.run(order, self._patience)

    def _release(self, _task: asyncio.Task[None]) -> None:
        self._free.release()

    async def _rest(self) -> None:
        """Wait for the next due time, a wake or the next poll, whichever comes first."""
        with suppress(TimeoutError):
            async with asyncio.timeout(await self._idle_s()):
                await self._woken.wait()

    async def _idle_s(self) -> float:
        try:
            due = await self._claims.next_due()
        except ShopError:
            due = None
        if due is None:
            return self._config.poll_s
        return min(max((due - self._now()).total_seconds(), 0.001), self._config.poll_s)

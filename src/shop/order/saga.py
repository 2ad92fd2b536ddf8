"""Leads an order on: pass after pass over the steps that are ready, until none is.

Who runs an order holds its lease, and every pass ends in one write that is guarded by the fence:
if anybody else has written meanwhile, what this one found out is dropped. Until that write another
may call the peers again, so each call is idempotent by the order's id, and product and customer
refuse one that arrives after a later one.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import structlog

from shop.common import trace
from shop.common.clock import Clock
from shop.common.clock import now as system_clock
from shop.common.errors import DeadlineExceeded, Unavailable
from shop.order import measures, progress
from shop.order.accepted import Accepted
from shop.order.config import OrderConfig
from shop.order.model import Order, Step, replace
from shop.order.progress import Failure
from shop.order.signature import ITSELF, signed
from shop.order.steps import Change, Customer, Product, Steps

log = structlog.get_logger()


class Ledger(Protocol):
    """Where the saga writes what has come of an order."""

    async def accept(self, order: Order) -> Accepted:
        """Write a new order down, so that it is placed whatever becomes of this process."""

    async def settle(self, accepted: Accepted, after: Order) -> Order | None:
        """Store it as it has become, and return it, or None if there is one with its id."""

    async def advance(self, before: Order, after: Order, *, exactly: bool = False) -> Order | None:
        """Store ``after`` and return it, or None if the fence is no longer that of ``before``.

        The details are left as they are. ``exactly``: nor if the version is another by now.
        """

    async def remove(self, order: Order) -> bool:
        """Delete the order's document unless its fence has moved; return whether it did."""


@dataclass(frozen=True)
class Patience:
    """How long a pass waits for the peers, in seconds: when placing, and for any other step."""

    place_s: float
    other_s: float

    def with_step(self, step: Step) -> float:
        """Return how long to wait for this step."""
        return self.place_s if step is Step.PLACE else self.other_s


class Saga:
    """Does the steps that remain. The clock is the one that leases are counted by."""

    def __init__(
        self,
        orders: Ledger,
        product: Product,
        customer: Customer,
        config: OrderConfig,
        clock: Clock = system_clock,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._orders = orders
        self._steps = Steps(product, customer, config, clock)
        self._config = config
        self._now = clock
        self._chance = chance

    def hold(self, order: Order, lease: timedelta | None = None) -> Order:
        """Return the order as who means to run it stores it: kept from others for a lease.

        What remains belongs to the trace of the request that is served now.
        """
        lease = self._config.lease if lease is None else lease
        held, current = progress.hold(order, self._now(), lease), trace.current()
        if held.work is None or current is None:
            return held
        return replace(held, work=replace(held.work, trace=current.traceparent))

    async def place(self, placed: Order, patience: Patience) -> Order | None:
        """Write a new order down, do what is ready, store what that makes of it, and go on.

        Returns what has become of it; None where it is stored already, or taken over since.
        Where it is left to a relay, and in the end stored by it, that is the order as it was
        written down. Raises Unavailable where it may not even have been.
        """
        held = self.hold(placed, self._config.placing_lease)
        accepted = await self._orders.accept(signed(held))
        try:
            stored = await self._placed(accepted, patience)
        finally:
            accepted.batch.leave(held.id)
        if stored is None or stored is accepted.order or progress.delayed(stored):
            return stored
        return await self.run(stored, patience)

    async def _placed(self, accepted: Accepted, patience: Patience) -> Order | None:
        """Do what is ready, and store what that makes of it; or leave it as it was accepted."""
        held = accepted.order
        try:
            after = await self._led(held, patience)
            if after is None or self._is_lost(held):  # it may have been placed, and deleted, since
                return held
            stored = await self._orders.settle(accepted, after)
        except (Unavailable, DeadlineExceeded) as error:
            log.warning("order left to the relay", order=held.id, error=error.detail)
            return held
        if stored is not None:
            measures.moved(held, stored, self._now())
        return stored

    async def run(self, held: Order, patience: Patience) -> Order | None:
        """Do what is ready, as the holder of the lease, and return what has become of the order.

        Returns None once somebody else has taken it over. Where the store is away, the last state
        that it has confirmed is returned; when the lease is over, a relay goes on from there.
        """
        order = held
        try:
            while progress.ready(order, self._now()):
                after = await self._pass(order, patience)
                if after is None or progress.delayed(after):
                    return after
                order = after
        except (Unavailable, DeadlineExceeded) as error:
            log.warning("order left to the relay", order=order.id, error=error.detail)
        return order

    async def _pass(self, order: Order, patience: Patience) -> Order | None:
        after = await self._led(order, patience)
        if after is None:
            return None
        if after.work and after.work.steps == (Step.PURGE,):
            return replace(after, work=None) if await self._orders.remove(order) else None
        saved = await self._orders.advance(order, after)
        if saved is not None:
            measures.moved(order, after, self._now())
        return saved

    async def _led(self, order: Order, patience: Patience) -> Order | None:
        """Return what one pass makes of the order; None if it is somebody else's by now."""
        if self._is_lost(order):
            return None
        results = await self._take(progress.ready(order, self._now()), order, patience)
        after = order
        for change in results:
            if not isinstance(change, Failure):
                after = change(after, self._now())
        failures = [result for result in results if isinstance(result, Failure)]
        return signed(self._leave(after, failures), ITSELF)

    def _is_lost(self, order: Order) -> bool:
        """Say whether this process was stopped for longer than the lease."""
        return order.work is None or self._now() >= order.work.due_at

    async def _take(
        self, steps: Sequence[Step], order: Order, patience: Patience
    ) -> list[Change | Failure]:
        if len(steps) == 1:
            return [await self._steps.take(steps[0], order, patience.with_step(steps[0]))]
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._steps.take(step, order, patience.with_step(step)))
                for step in steps
            ]
        return [task.result() for task in tasks]

    def _leave(self, order: Order, failures: list[Failure]) -> Order:
        if failures:
            return progress.postpone(order, failures, self._now(), self._wait(order))
        return progress.proceed(order, self._now(), self._config.lease)

    def _wait(self, order: Order) -> timedelta:
        """Return how long to leave it alone: exponential, and half of it random."""
        attempts = order.work.attempts if order.work else 0
        wait_s = self._config.retry_first_s * 2.0 ** min(attempts, 32)
        jitter = 0.5 + self._chance() / 2
        return timedelta(seconds=min(wait_s, self._config.retry_most_s) * jitter)

"""What remains to be done for orders, as Prometheus sees it."""

import asyncio
from datetime import datetime
from typing import Protocol

import structlog
from prometheus_client import CollectorRegistry, Gauge

from shop.common.clock import now
from shop.common.errors import ShopError
from shop.order.backlog import Backlog

log = structlog.get_logger()

_EVERY_S = 5.0


class Backlogs(Protocol):
    """Where it is counted."""

    async def backlog(self, now: datetime) -> list[Backlog]:
        """Return how much is waiting, step by step."""


class BacklogMetrics:
    """How many orders wait for each step, and how long the first of them has."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._count = Gauge(
            "shop_order_pending_steps",
            "Orders that wait for this step.",
            ["step"],
            registry=registry,
        )
        self._age = Gauge(
            "shop_order_pending_oldest_seconds",
            "How long the order that has waited longest has waited for this step.",
            ["step"],
            registry=registry,
        )

    async def keep(self, backlogs: Backlogs) -> None:
        """Count again every few seconds, until cancelled."""
        while True:
            try:
                self.show(await backlogs.backlog(now()))
            except ShopError as error:
                log.debug("backlog not counted", error=error.detail)
            await asyncio.sleep(_EVERY_S)

    def show(self, backlog: list[Backlog]) -> None:
        """Set the gauges."""
        for step in backlog:
            age_s = (now() - step.oldest).total_seconds() if step.oldest else 0.0
            self._count.labels(step.step).set(step.count)
            self._age.labels(step.step).set(age_s)

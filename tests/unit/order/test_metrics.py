"""What Prometheus is told of the work that remains."""

import asyncio
from datetime import datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from shop.common.clock import now
from shop.common.errors import Unavailable
from shop.order import metrics
from shop.order.backlog import Backlog
from shop.order.metrics import BacklogMetrics
from shop.order.model import Step

HOUR = timedelta(hours=1)


def shown(registry: CollectorRegistry, step: Step) -> tuple[float | None, float | None]:
    return (
        registry.get_sample_value("shop_order_pending_steps", {"step": step.value}),
        registry.get_sample_value("shop_order_pending_oldest_seconds", {"step": step.value}),
    )


def test_count_and_age_are_shown_by_step() -> None:
    registry = CollectorRegistry()
    gauges = BacklogMetrics(registry)
    gauges.show([Backlog(Step.LINK, 3, now() - HOUR), Backlog(Step.COMMIT, 0, None)])
    count, age_s = shown(registry, Step.LINK)
    assert count == 3
    assert age_s is not None
    assert age_s >= HOUR.total_seconds()
    assert shown(registry, Step.COMMIT) == (0, 0)


def test_what_is_done_is_shown_no_more() -> None:
    registry = CollectorRegistry()
    gauges = BacklogMetrics(registry)
    for backlog in (Backlog(Step.LINK, 3, now() - HOUR), Backlog(Step.LINK, 0, None)):
        gauges.show([backlog])
    assert shown(registry, Step.LINK) == (0, 0)


class Failing:
    """A backlog that cannot be counted the first time."""

    def __init__(self) -> None:
        self.asked = 0

    async def backlog(self, _now: datetime) -> list[Backlog]:
        self.asked += 1
        if self.asked == 1:
            raise Unavailable("away")
        return [Backlog(Step.PLACE, self.asked, now())]


async def test_counting_goes_on_after_the_database_was_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(metrics, "_EVERY_S", 0.0)
    registry, backlogs = CollectorRegistry(), Failing()
    counting = asyncio.create_task(BacklogMetrics(registry).keep(backlogs))
    while shown(registry, Step.PLACE)[0] is None:
        await asyncio.sleep(0)
    counting.cancel()
    await asyncio.gather(counting, return_exceptions=True)
    assert (shown(registry, Step.PLACE)[0] or 0) >= 2

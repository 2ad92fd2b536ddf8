"""How long orders and their steps take, as Prometheus sees it; counted by this whole process."""

from datetime import datetime
from time import monotonic

from prometheus_client import CollectorRegistry

from shop.common.histogram import Histogram
from shop.order.model import Order, Status, Step

STEP_SECONDS = Histogram(
    "shop_order_step_seconds",
    "Time that one attempt at a step took.",
    ["step", "outcome"],
)
DECIDED_SECONDS = Histogram(
    "shop_order_decided_seconds",
    "Time from the placing of an order to its confirmation or rejection.",
    ["status"],
    (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800),
)


def show(registry: CollectorRegistry) -> None:
    """Show them there."""
    registry.register(STEP_SECONDS)
    registry.register(DECIDED_SECONDS)


def taken(step: Step, began_s: float, *, failed: bool) -> None:
    """Count an attempt at a step that began then, by ``time.monotonic``."""
    STEP_SECONDS.observe((step, "failed" if failed else "done"), monotonic() - began_s)


def moved(before: Order, after: Order, now: datetime) -> None:
    """Count an order that has been decided by this change."""
    if before.status is Status.PENDING and after.status is not Status.PENDING:
        DECIDED_SECONDS.observe((after.status,), (now - before.created_at).total_seconds())

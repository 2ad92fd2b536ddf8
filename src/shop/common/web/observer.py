"""What is told of every request that was answered: a count and a time, and a line of log."""

from shop.common import log, trace
from shop.common.web.metrics import RequestMetrics


class Observer:
    """``metrics``: None: none are kept. ``logged``: whether there is a line for each request."""

    def __init__(self, metrics: RequestMetrics | None, *, logged: bool = True) -> None:
        self._metrics = metrics
        self._logged = logged

    def answered(
        self,
        operation: str | None,
        method: str,
        path: str,
        status: int,
        taken_s: float,
        current: trace.Trace,
    ) -> None:
        """Take note of one; those of no operation are only told of where they went wrong."""
        if self._metrics is not None and operation is not None:
            self._metrics.observe(operation, status, taken_s)
        if self._logged and (operation is not None or status >= 400):
            log.request(operation or "-", method, path, status, taken_s, current)

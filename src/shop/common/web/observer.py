"""What is told of every request that was answered: a count and a time, a line of log, a span."""

from collections.abc import Mapping

from shop.common import log, spans, trace
from shop.common.histogram import Histogram


class Observer:
    """``seconds``: None: nothing is measured. ``routes``: the path of each operation, by its id.
    ``logged``: whether there is a line for each request.
    """

    def __init__(
        self, seconds: Histogram | None, routes: Mapping[str, str], *, logged: bool = True
    ) -> None:
        self._seconds = seconds
        self._routes = routes
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
        if operation is not None:
            if self._seconds is not None:
                example = current.trace_id if current.flags == trace.SAMPLED else None
                self._seconds.observe((operation, status), taken_s, example)
            if spans.recorder is not None:
                self._tell(operation, method, status, taken_s, current)
        if self._logged and (operation is not None or status >= 400):
            log.request(operation or "-", method, path, status, taken_s, current)

    def _tell(
        self, operation: str, method: str, status: int, taken_s: float, current: trace.Trace
    ) -> None:
        route = self._routes[operation]
        told: dict[str, str | int] = {
            "http.request.method": method,
            "http.route": route,
            "http.response.status_code": status,
            "shop.operation": operation,
        }
        error = str(status) if status >= 500 else None
        spans.served(current, f"{method} {route}", taken_s, told, error)

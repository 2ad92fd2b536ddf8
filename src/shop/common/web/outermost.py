"""The one middleware around every request: trace, deadline, shedding, errors, metrics, log.

One layer, because each costs; docs/adr/0023-what-every-request-passes-through.md has the figures.
"""

from collections.abc import Mapping
from time import monotonic

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from shop.common import peer
from shop.common.shared_timer import SharedTimer
from shop.common.web import problems
from shop.common.web.admission import Admission
from shop.common.web.arrival import TRACE, arrive
from shop.common.web.observer import Observer
from shop.common.web.refusals import Refusals
from shop.common.web.spec import Operation
from shop.common.web.time_limits import TimeLimit
from shop.common.web.told_path import told_path

log = structlog.get_logger()

_GRACE_S = 0.25  # what is awaited has the deadline too, and a better answer: let it speak first


class Outermost:
    """Its ``middleware`` gives no request more than ``timeout_s``.

    Only requests of ``operations`` are ever refused for want of time; health and the like are not.
    One that is refused for that is counted by ``admission``, and is none of those that ``observer``
    is told of. Who is not let in is counted by ``refusals``, too.
    """

    def __init__(
        self,
        timeout_s: float,
        operations: Mapping[Handler, Operation],
        admission: Admission,
        observer: Observer,
        refusals: Refusals,
    ) -> None:
        self._timeout_s = timeout_s
        self._ids = {handler: operation.id for handler, operation in operations.items()}
        self._admission = admission
        self._observer = observer
        self._refusals = refusals
        self._timer = SharedTimer()

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let a request in, have it answered in its time, and take note of the answer."""
        began_s = monotonic()
        current, deadline = arrive(request, self._timeout_s)
        operation = self._ids.get(request.match_info.handler)
        if operation is not None:
            refused = self._admission.enter(operation, deadline.at_s - began_s)
            if refused is not None:
                refused.headers[TRACE] = current.traceparent
                return refused
        try:
            response = await self._answered(request, handler, deadline)
        finally:
            ended_s = monotonic()
            if operation is not None:
                self._admission.leave(operation, late=ended_s >= deadline.at_s)
        response.headers[TRACE] = current.traceparent
        status, taken_s = response.status, ended_s - began_s
        path = told_path(request, status)
        self._observer.answered(operation, request.method, path, status, taken_s, current)
        return response

    async def _answered(
        self, request: web.Request, handler: Handler, deadline: peer.Deadline
    ) -> web.StreamResponse:
        try:
            with TimeLimit(self._timer, deadline.at_s + _GRACE_S):
                return await handler(request)
        except Exception as error:
            self._refusals.count(self._ids.get(request.match_info.handler), error)
            known = problems.of(error, deadline.remaining_s())
            if known is not None:
                return known
            path = told_path(request, 500)
            log.error("unexpected error", method=request.method, path=path, exc_info=error)
            return problems.internal_error()

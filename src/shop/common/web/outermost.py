"""The one middleware around every request: trace, deadline, shedding, errors, metrics, log.

One layer, because each costs; docs/adr/0023-what-every-request-passes-through.md has the figures.
"""

from collections.abc import Mapping
from time import monotonic

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from multidict import istr

from shop.common import fresh, peer, trace
from shop.common import log as lines
from shop.common.peer.deadline import enter_deadline
from shop.common.web import problems
from shop.common.web.admission import Admission
from shop.common.web.metrics import RequestMetrics
from shop.common.web.spec import Operation
from shop.common.web.time_limits import TimeLimit, TimeLimits

log = structlog.get_logger()

_GRACE_S = 0.25  # what is awaited has the deadline too, and a better answer: let it speak first
# Looked up in a request's headers as they are, without being made lower-case first.
_TRACE, _FRESH, _TIMEOUT = istr(trace.HEADER), istr(fresh.HEADER), istr(peer.TIMEOUT_HEADER)


def outermost(
    timeout_s: float,
    operations: Mapping[Handler, Operation],
    admission: Admission,
    metrics: RequestMetrics | None,
    *,
    logged: bool = True,
) -> Middleware:
    """Return the middleware; no request gets more than ``timeout_s``.

    Only requests of ``operations`` are ever refused for want of time; health and the like are not.
    A refused one is counted by ``admission``, and is no part of the metrics and the log here.
    ``metrics``: None: none are kept. ``logged``: whether there is a line for each request.
    """
    ids = {handler: operation.id for handler, operation in operations.items()}
    limits = TimeLimits()

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        began_s, headers = monotonic(), request.headers
        current = trace.Trace.of(headers.get(_TRACE))
        trace.enter(current)
        fresh.enter(headers.get(_FRESH))
        deadline = peer.Deadline.requested(headers.get(_TIMEOUT), timeout_s)
        enter_deadline(deadline)  # like the trace, until the end: each request has its own task
        operation = ids.get(request.match_info.handler)
        if operation is not None:
            refused = admission.enter(operation, deadline.at_s - began_s)
            if refused is not None:
                refused.headers[_TRACE] = current.traceparent
                return refused
        response: web.StreamResponse
        try:
            with TimeLimit(limits, deadline.at_s + _GRACE_S):
                response = await handler(request)
        except Exception as error:
            response = _answer(error, deadline, request)
        finally:
            ended_s = monotonic()
            if operation is not None:
                admission.leave(operation, late=ended_s >= deadline.at_s)
        response.headers[_TRACE] = current.traceparent
        taken_s, status = ended_s - began_s, response.status
        if metrics is not None and operation is not None:
            metrics.observe(operation, status, taken_s)
        if logged and (operation is not None or status >= 400):
            lines.request(operation or "-", request.method, request.path, status, taken_s)
        return response

    return middleware


def _answer(error: Exception, deadline: peer.Deadline, request: web.Request) -> web.Response:
    known = problems.of(error, deadline.remaining_s())
    if known is not None:
        return known
    log.error("unexpected error", method=request.method, path=request.path, exc_info=error)
    return problems.internal_error()

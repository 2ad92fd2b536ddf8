"""The one middleware around every request: trace, deadline, shedding, errors, metrics, log.

One layer, because each costs: six empty ones take a tenth of the throughput.
"""

import asyncio
from collections.abc import Mapping
from time import perf_counter

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from shop.common import errors, fresh, peer, trace
from shop.common.web import problems
from shop.common.web.admission import Admission
from shop.common.web.metrics import RequestMetrics
from shop.common.web.spec import Operation

log = structlog.get_logger()

_GRACE_S = 0.25  # what is awaited has the deadline too, and a better answer: let it speak first


def outermost(
    timeout_s: float,
    operations: Mapping[Handler, Operation],
    admission: Admission,
    metrics: RequestMetrics,
) -> Middleware:
    """Return the middleware; no request gets more than ``timeout_s``.

    Only requests of ``operations`` are ever refused for want of time; health and the like are not.
    A refused one is counted by ``admission``, and is no part of the metrics and the log here.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        started = perf_counter()
        current = trace.Trace.of(request.headers.get(trace.HEADER))
        trace.enter(current)
        fresh.enter(request.headers.get(fresh.HEADER))
        deadline = peer.Deadline.requested(request.headers.get(peer.TIMEOUT_HEADER), timeout_s)
        operation = operations.get(request.match_info.handler)
        if operation is None:
            response = await _answer(request, handler, deadline)
        else:
            refused = admission.enter(operation.id, deadline.remaining_s())
            if refused is not None:
                refused.headers[trace.HEADER] = current.traceparent
                return refused
            try:
                response = await _answer(request, handler, deadline)
            finally:
                admission.leave(operation.id, late=not deadline.remaining_s())
        response.headers[trace.HEADER] = current.traceparent
        taken_s = perf_counter() - started
        if operation:
            metrics.observe(operation.id, response.status, taken_s)
        if operation or response.status >= 400:
            _log(request, operation.id if operation else "-", response.status, taken_s)
        return response

    return middleware


async def _answer(
    request: web.Request, handler: Handler, deadline: peer.Deadline
) -> web.StreamResponse:
    try:
        with peer.deadline_scope(deadline):
            async with asyncio.timeout(deadline.remaining_s() + _GRACE_S):
                return await handler(request)
    except errors.ShopError as error:
        if isinstance(error, errors.Unavailable) and deadline.remaining_s() <= 0:
            return problems.out_of_time()
        return problems.of_shop_error(error)
    except peer.PeerError as error:
        return problems.of_peer_error(error)
    except web.HTTPException as error:
        return problems.of_http_exception(error)
    except TimeoutError:
        return problems.out_of_time()
    except Exception:
        log.exception("unexpected error", method=request.method, path=request.path)
        return problems.internal_error()


def _log(request: web.Request, operation: str, status: int, taken_s: float) -> None:
    write = log.warning if status >= 500 else log.info
    write(
        "request",
        operation=operation,
        method=request.method,
        path=request.path,
        status=status,
        ms=round(taken_s * 1000, 2),
    )

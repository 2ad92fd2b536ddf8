"""What a request brings along, kept for all that is done for it: trace, freshness, deadline.

It is there until the end of the request's task, of which each has its own.
"""

from aiohttp import web
from multidict import istr

from shop.common import fresh, peer, trace
from shop.common.peer.deadline import enter_deadline

# Looked up in a request's headers as they are, without being made lower-case first.
TRACE, FRESH, TIMEOUT = istr(trace.HEADER), istr(fresh.HEADER), istr(peer.TIMEOUT_HEADER)


def arrive(request: web.Request, most_s: float) -> tuple[trace.Trace, peer.Deadline]:
    """Enter them, and return trace and deadline, which is never more than ``most_s`` ahead."""
    headers = request.headers
    current = trace.Trace.of(headers.get(TRACE))
    deadline = peer.Deadline.requested(headers.get(TIMEOUT), most_s)
    trace.enter(current)
    fresh.enter(headers.get(FRESH))
    enter_deadline(deadline)
    return current, deadline

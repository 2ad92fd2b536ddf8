"""Several operations in one request: each is answered as it would have been alone."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any

import orjson
import structlog
from aiohttp import web

from shop.common import peer
from shop.common.web import problems
from shop.common.web.responses import Outcome

log = structlog.get_logger()


async def side_by_side(operations: Iterable[Awaitable[Outcome]]) -> web.Response:
    """Await what single operations come to, all at once; answer with the outcome of each.

    So what they ask of the database at the same time, it is asked together. One that fails, fails
    alone.
    """
    content = {"outcomes": await asyncio.gather(*map(_settled, operations))}
    return web.Response(body=orjson.dumps(content), content_type="application/json")


async def _settled(operation: Awaitable[Outcome]) -> dict[str, Any]:
    try:
        status, resource, _ = await operation
    except Exception as error:
        return _failed(error)
    return {"status": status, "body": None if resource is None else orjson.Fragment(resource.body)}


def _failed(error: Exception) -> dict[str, Any]:
    deadline = peer.current_deadline()
    answer = problems.of(error, deadline.remaining_s() if deadline else 1.0)
    if answer is None:
        log.error("unexpected error in a batch", exc_info=error)
        answer = problems.internal_error()
    body = answer.body if isinstance(answer.body, bytes) else b"null"
    return {"status": answer.status, "body": orjson.Fragment(body)}

"""Several operations in one request: each is answered as it would have been alone."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any

import orjson
import structlog
from aiohttp import web

from shop.common import peer
from shop.common.web import problems

log = structlog.get_logger()


async def side_by_side(answers: Iterable[Awaitable[web.Response]]) -> web.Response:
    """Await what single operations answer, all at once; answer with the outcome of each.

    So what they ask of the database at the same time, it is asked together. One that fails, fails
    alone.
    """
    made = await asyncio.gather(*map(_settled, answers))
    content = {"outcomes": [_outcome(response) for response in made]}
    return web.Response(body=orjson.dumps(content), content_type="application/json")


async def _settled(answer: Awaitable[web.Response]) -> web.Response:
    try:
        return await answer
    except Exception as error:
        deadline = peer.current_deadline()
        known = problems.of(error, deadline.remaining_s() if deadline else 1.0)
        if known is not None:
            return known
        log.exception("unexpected error in a batch")
        return problems.internal_error()


def _outcome(response: web.Response) -> dict[str, Any]:
    body = response.body
    shown = orjson.Fragment(body) if isinstance(body, bytes) and body else None
    return {"status": response.status, "body": shown}

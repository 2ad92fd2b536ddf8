"""Wakes a relay at once when another instance leaves work behind: a change stream, where there is
one. A relay polls all the same, so nothing depends on it.
"""

import asyncio
from collections.abc import Callable

import structlog
from pymongo.errors import OperationFailure, PyMongoError

from shop.common.mongo import Collection
from shop.common.tracebacks import named

log = structlog.get_logger()

_WAIT_MS = 1000
_RETRY_S = 1.0
_NO_REPLICA_SET = 40573

# Work that failed once and is due again, or was given back: what an instance holds is its own.
_LEFT_BEHIND = [
    {
        "$match": {
            "operationType": "update",
            "updateDescription.updatedFields.work.attempts": {"$gt": 0},
        }
    }
]


async def watch(orders: Collection, wake: Callable[[], None]) -> None:
    """Call ``wake`` for all work that is left behind; return where there are no change streams."""
    while True:
        try:
            async with await orders.watch(_LEFT_BEHIND, max_await_time_ms=_WAIT_MS) as changes:
                wake()  # for what was left while nobody watched
                while True:
                    if await changes.try_next() is not None:
                        wake()
        except OperationFailure as error:
            if error.code == _NO_REPLICA_SET:
                log.info("no replica set, no change stream: due work is found by polling")
                return
            log.debug("change stream refused", error=named(error))
        except PyMongoError as error:
            log.debug("change stream lost", error=named(error))
        await asyncio.sleep(_RETRY_S)

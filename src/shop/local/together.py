"""Doing several things side by side."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

from shop.local.errors import LocalError


async def together(tasks: Iterable[Coroutine[Any, Any, Any]]) -> None:
    """Return when all have ended; if one fails, cancel the others and raise its LocalError."""
    try:
        async with asyncio.TaskGroup() as group:
            for task in tasks:
                group.create_task(task)
    except ExceptionGroup as failed:
        # Not except*: what that raises comes out in a group again before Python 3.11.4.
        known, others = failed.split(LocalError)
        if known is None or others is not None:
            raise
        first = known.exceptions[0]
        raise LocalError(str(first)) from first

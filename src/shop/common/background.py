"""Work that goes on beside the requests for as long as a service lives."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import structlog

log = structlog.get_logger()

_STOP_TIMEOUT_S = 5.0
_AGAIN_S = 1.0


@asynccontextmanager
async def running(
    work: Coroutine[Any, Any, None], stop: Callable[[], None] | None = None
) -> AsyncIterator[None]:
    """Run ``work`` as a task while the code inside runs, then end it and wait for that.

    ``stop`` asks it to end by itself, within 5 s; without one, or past that, it is cancelled.
    """
    task = asyncio.create_task(work)
    task.add_done_callback(_tell_of_a_fault)
    try:
        yield
    finally:
        if stop is not None:
            stop()
            await asyncio.wait((task,), timeout=_STOP_TIMEOUT_S)
        while not task.done():  # Python 3.11 can swallow a cancellation (python/cpython#86296)
            task.cancel()
            await asyncio.wait((task,), timeout=_AGAIN_S)
        await asyncio.gather(task, return_exceptions=True)


def _tell_of_a_fault(task: asyncio.Task[None]) -> None:
    """Log the end of work that should go on, but broke down: nobody awaits it until the stop."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("work beside the requests broke down", task=task.get_name(), exc_info=error)

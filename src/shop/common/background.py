"""Work that goes on beside the requests for as long as a service lives."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

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

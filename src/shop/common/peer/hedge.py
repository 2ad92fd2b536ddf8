"""A second request for the few that take too long: the answer that comes first is taken.

"Hedged requests" of Dean and Barroso, "The Tail at Scale" (2013): sent after the 95th percentile
of the usual time, they cost a few percent more requests and cut most of the tail.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")

_SAMPLES = 256
_SORTED_EVERY = 32


@dataclass(frozen=True)
class HedgeOptions:
    """Ask a second instance after the ``quantile`` of what the last 256 calls took, and never
    before ``min_delay_s``; not at all before ``min_calls`` are known.
    """

    quantile: float = 0.95
    min_delay_s: float = 0.002
    min_calls: int = 32


class HedgeDelay:
    """When to ask a second instance."""

    def __init__(self, options: HedgeOptions) -> None:
        self._options = options
        self._took_s: deque[float] = deque(maxlen=_SAMPLES)
        self._seen = 0
        self._delay_s: float | None = None

    def observe(self, took_s: float) -> None:
        """Take in how long an answered call took."""
        self._took_s.append(took_s)
        self._seen += 1
        if self._seen >= self._options.min_calls and self._seen % _SORTED_EVERY == 0:
            ordered = sorted(self._took_s)
            at = min(len(ordered) - 1, int(self._options.quantile * len(ordered)))
            self._delay_s = max(self._options.min_delay_s, ordered[at])

    @property
    def delay_s(self) -> float | None:
        """Seconds after which a second one is asked; None: too little is known yet."""
        return self._delay_s


async def race(
    first: Coroutine[Any, Any, T],
    delay_s: float,
    second: Callable[[], Coroutine[Any, Any, T | None]],
    good: Callable[[T], bool],
) -> T:
    """Return the first good result, or the last one if none is; what is still running is cancelled.

    ``second`` is begun if the first one has not ended after ``delay_s``; None of it counts for
    nothing.
    """
    tasks: set[asyncio.Future[T | None]] = {asyncio.ensure_future(first)}
    try:
        done, _ = await asyncio.wait(tasks, timeout=delay_s)
        if not done:
            tasks.add(asyncio.ensure_future(second()))
        return await _first_good(tasks, good)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _first_good(tasks: set["asyncio.Future[T | None]"], good: Callable[[T], bool]) -> T:
    running, last = tasks, None
    while running:
        done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        failed = [task for task in done if task.exception() is not None]
        for task in done.difference(failed):
            result = task.result()
            if result is not None and good(result):
                return result
            last = result if result is not None else last
        for task in failed:
            task.result()  # raises
    assert last is not None  # noqa: S101  # the first one always has a result
    return last

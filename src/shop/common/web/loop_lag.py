"""How late the event loop is: a small thing that is due at regular times, and when it is done.

What keeps the loop from it, a long computation or a blocking call, keeps it from every request too.
"""

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter

from shop.common.histogram import Histogram

_EVERY_S = 0.1
_LONG_S = 0.25


class LoopLag:
    """Looks every ``every_s``; what is later than ``long_s`` is a stall, and counted as one."""

    def __init__(
        self, registry: CollectorRegistry, every_s: float = _EVERY_S, long_s: float = _LONG_S
    ) -> None:
        self._every_s = every_s
        self._long_s = long_s
        self._timer: asyncio.TimerHandle | None = None
        self._seconds = Histogram(
            "shop_loop_lag_seconds", "How much later than due the event loop does something.", []
        )
        registry.register(self._seconds)
        self._stalls = Counter(
            "shop_loop_stalls",
            f"How often the event loop was more than {long_s} s late.",
            registry=registry,
        )

    async def watch(self, _: web.Application) -> AsyncIterator[None]:
        """Look for as long as the app lives."""
        self._plan(asyncio.get_running_loop())
        yield
        if self._timer:
            self._timer.cancel()

    def _plan(self, loop: asyncio.AbstractEventLoop) -> None:
        due_s = loop.time() + self._every_s
        self._timer = loop.call_at(due_s, self._look, loop, due_s)

    def _look(self, loop: asyncio.AbstractEventLoop, due_s: float) -> None:
        late_s = max(loop.time() - due_s, 0.0)
        self._seconds.observe((), late_s)
        if late_s > self._long_s:
            self._stalls.inc()
        self._plan(loop)

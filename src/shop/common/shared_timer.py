"""Limits of time of which hardly any is ever reached, under one timer of the loop.

To set and cancel a timer for each costs more than the rest of what they are set for. Here one is
set for the earliest limit there is; when it rings, that one has nearly always been dropped long
ago, and the timer is set for the earliest of those that are still there.
"""

import asyncio
import math
from time import monotonic
from typing import Protocol

_TICK_S = 0.001  # loops count time in milliseconds


class Limit(Protocol):
    """``at_s``: when it is reached, by ``time.monotonic``."""

    at_s: float

    def expire(self) -> None:
        """Hear that it is reached; it has been dropped already."""


class SharedTimer:
    """The limits that were added and not dropped since."""

    def __init__(self) -> None:
        self._limits: set[Limit] = set()
        self._rings_at_s = math.inf
        self.drop = self._limits.discard

    def add(self, limit: Limit) -> None:
        """Have it expire when it is reached, unless it is dropped before."""
        self._limits.add(limit)
        if limit.at_s < self._rings_at_s:
            self._set(limit.at_s, monotonic())

    def _set(self, at_s: float, now_s: float) -> None:
        self._rings_at_s = at_s
        after_s = max(at_s - now_s, _TICK_S)
        asyncio.get_running_loop().call_later(after_s, self._ring, at_s)

    def _ring(self, set_for_s: float) -> None:
        if set_for_s != self._rings_at_s:  # another was set since, for an earlier one
            return
        now_s = monotonic()
        reached = [limit for limit in self._limits if limit.at_s <= now_s]
        for limit in sorted(reached, key=lambda limit: limit.at_s):  # several where we are late
            self._limits.discard(limit)
            limit.expire()
        self._rings_at_s = math.inf
        if self._limits:
            self._set(min(limit.at_s for limit in self._limits), now_s)

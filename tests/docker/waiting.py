"""Waiting for what comes true some time."""

import asyncio
import time
from collections.abc import Awaitable, Callable

_WITHIN_S = 60


def eventually(is_so: Callable[[], bool], what: str, within_s: float = _WITHIN_S) -> None:
    """Return when it is so; fail when time is up."""
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        time.sleep(0.2)


async def in_time(
    is_so: Callable[[], Awaitable[bool]], what: str, within_s: float = _WITHIN_S
) -> None:
    """Do the same while other work goes on."""
    deadline = time.monotonic() + within_s
    while not await is_so():
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        await asyncio.sleep(0.2)

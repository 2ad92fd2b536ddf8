"""Keeps PyMongo's locks from being lost on Python 3.11.

There ``asyncio.wait_for`` waits in a task of its own. Where its time is up and, while that task
still takes the condition's lock again, who called it is cancelled too, the task is left behind:
it gets the lock, and nobody ever gives it back. It is the lock of the connection pool, so from
then on every operation of the process hangs, until it is restarted. That took two instances of
six within half a minute of failing primaries and a busy machine.

Since Python 3.12 ``wait_for`` is ``asyncio.timeout`` around an await, and so it is here.
"""

import asyncio
import sys
from collections.abc import Awaitable
from typing import TypeVar

from pymongo import lock

T = TypeVar("T")


async def wait_in_place(awaitable: Awaitable[T], timeout: float | None) -> T:
    """Do what ``asyncio.wait_for`` does since Python 3.12; raise TimeoutError."""
    async with asyncio.timeout(timeout):
        return await awaitable


def mend() -> None:
    """Have PyMongo wait for its conditions in place. Does nothing where it does so already."""
    if sys.version_info < (3, 12):
        lock.wait_for = wait_in_place  # type: ignore[attr-defined,assignment]

"""A lock of PyMongo's is free again, however its waiter has left."""

import asyncio

import pytest
from pymongo import lock

from shop.common.mongo_locks import mend, wait_in_place


async def _wait(condition, timeout_s: float = 0.01) -> bool:
    async with condition:
        return await lock._async_cond_wait(condition, timeout_s)


async def _leave_twice(condition) -> None:
    """Wait until the time is up, and be cancelled while somebody else has the lock."""
    waiter = asyncio.create_task(_wait(condition))
    async with condition:
        pass
    await asyncio.sleep(0)
    async with condition:
        await asyncio.sleep(0.05)  # the waiter's time is up: it wants the lock, and cannot have it
        waiter.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await waiter


async def test_a_waiter_that_is_cancelled_after_its_time_was_up_leaves_the_lock_free():
    mend()
    condition = lock._async_create_condition(lock._async_create_lock())
    await _leave_twice(condition)
    async with asyncio.timeout(5), condition:
        assert condition.locked()
    await asyncio.sleep(0)
    assert not condition.locked()


async def test_a_waiter_is_told_whether_it_was_notified_or_its_time_was_up():
    mend()
    condition = lock._async_create_condition(lock._async_create_lock())
    assert await _wait(condition) is False
    waiting = asyncio.create_task(_wait(condition, 30))
    await asyncio.sleep(0)
    async with condition:
        condition.notify()
    assert await waiting is True


async def test_waiting_in_place_returns_what_is_awaited_or_raises_when_time_is_up():
    assert await wait_in_place(asyncio.sleep(0, "done"), None) == "done"
    with pytest.raises(TimeoutError):
        await wait_in_place(asyncio.Event().wait(), 0.01)

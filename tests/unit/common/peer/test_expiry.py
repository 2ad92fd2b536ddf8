"""A time limit that many calls can afford behaves as ``asyncio.timeout``."""

import asyncio
import socket
import time
from contextlib import asynccontextmanager

import pytest

from shop.common.peer.expiry import Expiry


@asynccontextmanager
async def ours(timeout_s):
    with Expiry(timeout_s):
        yield


LIMITS = [asyncio.timeout, ours]


@pytest.fixture(params=LIMITS, ids=["asyncio", "ours"])
def limit(request):
    return request.param


async def test_what_ends_in_time_is_left_alone(limit):
    async with limit(60.0):
        await asyncio.sleep(0)
    assert not asyncio.current_task().cancelling()


async def test_what_takes_too_long_is_cancelled_and_told_so(limit):
    seen = []
    with pytest.raises(TimeoutError):  # noqa: PT012
        async with limit(0.02):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                seen.append("cancelled")
                raise
    assert seen == ["cancelled"]
    assert not asyncio.current_task().cancelling()
    await asyncio.sleep(0)  # would raise if a cancellation were left


async def test_it_never_ends_early(limit):
    loop = asyncio.get_running_loop()
    for timeout_s in (0.0, 0.001, 0.007, 0.013):
        began_s = loop.time()
        with pytest.raises(TimeoutError):
            async with limit(timeout_s):
                await asyncio.Event().wait()
        assert loop.time() - began_s >= timeout_s


async def test_many_limits_end_each_at_its_own_time(limit):
    ended = []

    async def run(timeout_s):
        with pytest.raises(TimeoutError):
            async with limit(timeout_s):
                await asyncio.Event().wait()
        ended.append(timeout_s)

    await asyncio.gather(*(run(s) for s in (0.09, 0.03, 0.06, 0.03)))
    assert ended == [0.03, 0.03, 0.06, 0.09]


async def test_a_cancellation_from_elsewhere_is_passed_on(limit):
    inside = asyncio.Event()

    async def work():
        async with limit(60.0):
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_cancellation_from_elsewhere_goes_before_the_end_of_the_time(limit):
    cancelled = asyncio.Event()

    async def work():
        async with limit(0.02):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.set()
                await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await cancelled.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_came_in_time_counts_though_the_loop_was_held_up():
    """Otherwise each instance would pay for what the caller did to itself."""
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)

        def answer_and_hold_up():
            theirs.send(b"x")
            time.sleep(0.3)

        loop.call_soon(answer_and_hold_up)
        with Expiry(0.1):
            assert await loop.sock_recv(ours, 1) == b"x"


async def test_an_error_inside_is_passed_on(limit):
    with pytest.raises(KeyError):
        async with limit(60.0):
            raise KeyError


async def test_one_inside_another_is_told_apart(limit):
    with pytest.raises(TimeoutError):
        async with limit(0.02), limit(60.0):
            await asyncio.Event().wait()
    async with limit(60.0):
        with pytest.raises(TimeoutError):
            async with limit(0.02):
                await asyncio.Event().wait()

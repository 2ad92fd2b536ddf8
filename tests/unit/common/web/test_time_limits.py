"""Time limits, held to what asyncio.timeout does."""

import asyncio
from contextlib import suppress
from time import monotonic

import pytest

from shop.common.shared_timer import SharedTimer
from shop.common.web.time_limits import TimeLimit

SHORT_S = 0.02
LONG_S = 3600.0


class Ours:
    def __init__(self):
        self._timer = SharedTimer()

    def until(self, at_s):
        return TimeLimit(self._timer, at_s)


class Asyncio:
    """The model."""

    def until(self, at_s):
        return _Sync(asyncio.timeout(at_s - monotonic()))


class _Sync:
    """asyncio's has nothing to wait for, so that it can be driven as ours."""

    def __init__(self, timeout):
        self._timeout = timeout

    def __enter__(self):
        self._drive(self._timeout.__aenter__())

    def __exit__(self, *error):
        return self._drive(self._timeout.__aexit__(*error))

    def _drive(self, coroutine):
        try:
            coroutine.send(None)
        except StopIteration as stop:
            return stop.value


@pytest.fixture(params=[Ours, Asyncio])
def limits(request):
    return request.param()


async def test_what_ends_in_time_is_left_alone(limits):
    with limits.until(monotonic() + LONG_S):
        await asyncio.sleep(0)
    assert asyncio.current_task().cancelling() == 0


@pytest.mark.parametrize("left_s", [SHORT_S, 0.0, -1.0])
async def test_what_takes_too_long_is_a_timeout(limits, left_s):
    at_s = monotonic() + left_s
    with pytest.raises(TimeoutError), limits.until(at_s):
        await asyncio.Event().wait()
    assert monotonic() >= at_s
    assert asyncio.current_task().cancelling() == 0


async def test_an_error_of_its_own_passes(limits):
    with pytest.raises(KeyError), limits.until(monotonic() + LONG_S):
        raise KeyError


async def test_an_error_that_the_cancellation_became_passes(limits):
    async def work():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise KeyError from None

    with pytest.raises(KeyError), limits.until(monotonic() + SHORT_S):
        await work()
    assert asyncio.current_task().cancelling() == 0


async def test_who_holds_out_against_the_cancellation_has_ended_well(limits):
    with limits.until(monotonic() + SHORT_S), suppress(asyncio.CancelledError):
        await asyncio.Event().wait()
    assert asyncio.current_task().cancelling() == 0


async def test_a_cancellation_from_outside_stays_one(limits):
    begun = asyncio.Event()

    async def work():
        with limits.until(monotonic() + LONG_S):
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_cancellation_from_outside_has_the_last_word(limits):
    held = asyncio.Event()

    async def work():
        with limits.until(monotonic() + SHORT_S):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                held.set()
                await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await held.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_of_many_each_ends_at_its_own_time(limits):
    ended = []

    async def work(number, at_s):
        with pytest.raises(TimeoutError), limits.until(at_s):
            await asyncio.Event().wait()
        assert monotonic() >= at_s
        ended.append(number)

    begun_s = monotonic()
    times = [LONG_S, 0.06, 0.04, 0.02, 0.08]
    tasks = [
        asyncio.create_task(work(number, begun_s + after_s)) for number, after_s in enumerate(times)
    ]
    await asyncio.gather(*tasks[1:])
    assert ended == [3, 2, 1, 4]
    tasks[0].cancel()
    await asyncio.gather(tasks[0], return_exceptions=True)


async def test_one_that_begins_when_all_others_have_ended_is_watched_too(limits):
    for _ in range(3):
        with limits.until(monotonic() + SHORT_S):
            pass
        with pytest.raises(TimeoutError), limits.until(monotonic() + SHORT_S):
            await asyncio.Event().wait()


async def test_the_timer_of_one_that_is_over_ends_no_other(limits):
    with limits.until(monotonic() + SHORT_S):
        pass
    with limits.until(monotonic() + LONG_S):
        await asyncio.sleep(2 * SHORT_S)

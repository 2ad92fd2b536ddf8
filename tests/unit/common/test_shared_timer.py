"""One timer for many limits: each that is not dropped expires, once, in its turn."""

import asyncio
from time import monotonic

import pytest

from shop.common.shared_timer import SharedTimer

LONG_S = 3600.0


class Noted:
    """A limit that notes when it expires."""

    def __init__(self, after_s, expired):
        self.at_s = monotonic() + after_s
        self._expired = expired

    def expire(self):
        self._expired.append(self)


async def until(expired, count):
    async with asyncio.timeout(30):
        while len(expired) < count:
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("after_s", [[0.0, 0.01, 0.02], [0.02, 0.01, 0.0], [-1.0, LONG_S, 0.01]])
async def test_each_expires_once_and_none_before_its_time(after_s):
    timer, expired = SharedTimer(), []
    limits = [Noted(each, expired) for each in after_s]
    for limit in limits:
        timer.add(limit)
    short = [limit for limit in limits if limit.at_s < monotonic() + LONG_S / 2]
    await until(expired, len(short))
    assert monotonic() >= max(limit.at_s for limit in short)
    assert expired == sorted(short, key=lambda limit: limit.at_s)


async def test_those_that_are_reached_while_the_loop_stands_still_expire_in_their_turn():
    timer, expired = SharedTimer(), []
    limits = [Noted(after_ms / 1000, expired) for after_ms in range(20, 0, -1)]
    for limit in limits:
        timer.add(limit)
    while monotonic() < limits[0].at_s:  # nothing else gets its turn
        pass
    await until(expired, len(limits))
    assert expired == limits[::-1]


async def test_one_that_was_dropped_does_not_expire_and_a_later_one_does():
    timer, expired = SharedTimer(), []
    dropped, kept = Noted(0.005, expired), Noted(0.02, expired)
    timer.add(dropped)
    timer.add(kept)
    timer.drop(dropped)
    await until(expired, 1)
    assert expired == [kept]


async def test_it_goes_on_when_all_were_dropped():
    timer, expired = SharedTimer(), []
    first = Noted(0.005, expired)
    timer.add(first)
    timer.drop(first)
    await asyncio.sleep(0.01)  # it has rung for nobody, or is about to
    again = Noted(0.005, expired)
    timer.add(again)
    await until(expired, 1)
    assert expired == [again]

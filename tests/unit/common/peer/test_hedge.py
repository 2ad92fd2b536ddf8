import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shop.common.peer import HedgeOptions
from shop.common.peer.hedge import HedgeDelay, race

AT_ONCE_S, NEVER_S = 0.0, 3600.0


class Runner:
    """One side of a race: ends when it is told to, and remembers how."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.ended = "not begun"
        self._result: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def __call__(self) -> Any:
        self.ended = "no"
        self.began.set()
        try:
            result = await self._result
        except asyncio.CancelledError:
            self.ended = "cancelled"
            raise
        except Exception:
            self.ended = "raised"
            raise
        self.ended = "returned"
        return result

    def give(self, result: Any) -> None:
        self._result.set_result(result)

    def fail(self, error: Exception) -> None:
        self._result.set_exception(error)


def started(
    first: Runner, second: Runner, delay_s: float, good: Callable[[Any], bool] = bool
) -> asyncio.Task[Any]:
    return asyncio.create_task(race(first(), delay_s, second, good))


async def test_the_second_is_not_begun_while_the_first_has_time():
    first, second = Runner(), Runner()
    running = started(first, second, NEVER_S)
    await first.began.wait()
    for _ in range(10):
        await asyncio.sleep(0)
    assert not second.began.is_set()
    first.give("first")
    assert await running == "first"
    assert second.ended == "not begun"


async def test_the_second_is_begun_when_the_delay_is_over():
    first, second = Runner(), Runner()
    running = started(first, second, AT_ONCE_S)
    await second.began.wait()
    assert first.ended == "no"
    second.give("second")
    assert await running == "second"


async def test_a_first_that_fails_before_the_delay_is_not_followed_by_a_second():
    first, second = Runner(), Runner()
    running = started(first, second, NEVER_S)
    first.give("")
    assert await running == ""
    assert second.ended == "not begun"


@pytest.mark.parametrize("winner", [0, 1])
async def test_the_first_good_result_wins_and_the_other_is_cancelled(winner):
    runners = Runner(), Runner()
    running = started(*runners, AT_ONCE_S)
    await runners[1].began.wait()
    runners[winner].give("good")
    assert await running == "good"
    assert [runners[winner].ended, runners[1 - winner].ended] == ["returned", "cancelled"]


@pytest.mark.parametrize("earlier", [0, 1])
async def test_a_bad_result_is_not_taken_while_the_other_may_do_better(earlier):
    runners = Runner(), Runner()
    running = started(*runners, AT_ONCE_S)
    await runners[1].began.wait()
    runners[earlier].give("")
    for _ in range(5):
        await asyncio.sleep(0)
    assert not running.done()
    runners[1 - earlier].give("good")
    assert await running == "good"


async def test_when_both_end_in_the_same_moment_the_good_one_is_taken():
    runners = Runner(), Runner()
    running = started(*runners, AT_ONCE_S)
    await runners[1].began.wait()
    runners[0].give("")
    runners[1].give("good")
    assert await running == "good"


async def test_when_both_are_bad_the_one_that_came_last_is_the_result():
    runners = Runner(), Runner()
    running = started(*runners, AT_ONCE_S, lambda result: result == "good")
    await runners[1].began.wait()
    runners[1].give("bad")
    for _ in range(5):
        await asyncio.sleep(0)
    runners[0].give("worse")
    assert await running == "worse"


async def test_a_second_that_is_not_made_after_all_counts_for_nothing():
    runners = Runner(), Runner()
    running = started(*runners, AT_ONCE_S)
    await runners[1].began.wait()
    runners[1].give(None)
    for _ in range(5):
        await asyncio.sleep(0)
    assert not running.done()
    runners[0].give("good")
    assert await running == "good"


async def test_a_cancelled_caller_cancels_both():
    runners = Runner(), Runner()
    running = started(*runners, AT_ONCE_S)
    await runners[1].began.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [each.ended for each in runners] == ["cancelled", "cancelled"]


async def test_a_caller_that_is_cancelled_before_the_delay_cancels_the_first():
    first, second = Runner(), Runner()
    running = started(first, second, NEVER_S)
    await first.began.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (first.ended, second.ended) == ("cancelled", "not begun")


@pytest.mark.parametrize("faulty", [0, 1])
async def test_an_exception_comes_out_and_the_other_one_is_not_left_running(faulty):
    runners = Runner(), Runner()
    running = started(*runners, AT_ONCE_S)
    await runners[1].began.wait()
    runners[faulty].fail(KeyError("a mistake"))
    with pytest.raises(KeyError, match="a mistake"):
        await running
    assert runners[1 - faulty].ended == "cancelled"


def test_until_enough_calls_are_known_nothing_is_hedged():
    delay = HedgeDelay(HedgeOptions(min_calls=40))
    known = []
    for _ in range(64):
        delay.observe(0.1)
        known.append(delay.delay_s)
    assert known[:40] == [None] * 40
    assert known[63] == 0.1


@given(took_s=st.lists(st.floats(0.01, 9.0), min_size=32, max_size=320))
@settings(max_examples=40, deadline=None)
def test_about_one_call_in_twenty_takes_longer_than_the_delay(took_s):
    del took_s[len(took_s) // 32 * 32 :]
    delay = HedgeDelay(HedgeOptions(quantile=0.95))
    for each in took_s:
        delay.observe(each)
    lately = took_s[-256:]
    assert delay.delay_s in lately
    assert sum(each > delay.delay_s for each in lately) <= 0.05 * len(lately)
    assert sum(each >= delay.delay_s for each in lately) >= 0.05 * len(lately)


def test_the_delay_is_never_shorter_than_the_options_say():
    delay = HedgeDelay(HedgeOptions(min_delay_s=0.002))
    for _ in range(32):
        delay.observe(0.0001)
    assert delay.delay_s == 0.002


def test_the_delay_follows_what_calls_take_now():
    delay = HedgeDelay(HedgeOptions())
    for took_s in [0.01] * 256 + [0.5] * 256:
        delay.observe(took_s)
    assert delay.delay_s == 0.5

"""Calls at the same time go together; a single one waits for nobody."""

import asyncio
from collections.abc import Sequence

import pytest

from shop.common.peer import Deadline, current_deadline, deadline_scope
from shop.product.repository.gathered import MOST, Gathered


class Doubling:
    """A joint command whose every run is written down, and can be held up."""

    def __init__(self) -> None:
        self.runs: list[Sequence[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def together(self, numbers: Sequence[int]) -> Sequence[int]:
        self.runs.append(list(numbers))
        await self.gate.wait()
        if 13 in numbers:
            raise ValueError("13")
        return [2 * number for number in numbers]


async def test_a_single_call_goes_at_once() -> None:
    doubling = Doubling()
    assert await Gathered(doubling.together)(1) == 2
    assert doubling.runs == [[1]]


async def test_calls_that_come_meanwhile_go_together_afterwards() -> None:
    doubling = Doubling()
    double = Gathered(doubling.together)
    doubling.gate.clear()
    first = asyncio.create_task(double(1))
    while not doubling.runs:
        await asyncio.sleep(0)
    rest = [asyncio.create_task(double(n)) for n in (2, 3, 4)]
    await asyncio.sleep(0)
    doubling.gate.set()
    assert await asyncio.gather(first, *rest) == [2, 4, 6, 8]
    assert doubling.runs == [[1], [2, 3, 4]]


async def test_no_command_gets_too_long() -> None:
    doubling = Doubling()
    double = Gathered(doubling.together)
    numbers = list(range(1000, 1000 + 2 * MOST + 1))
    assert await asyncio.gather(*[double(n) for n in numbers]) == [2 * n for n in numbers]
    assert [len(run) for run in doubling.runs] == [MOST, MOST, 1]


async def test_everybody_who_went_together_is_told_of_an_error_and_the_next_ones_go_on() -> None:
    double = Gathered(Doubling().together)
    outcomes = await asyncio.gather(double(13), double(1), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ValueError, ValueError]
    assert await double(2) == 4


async def test_who_gives_up_before_it_goes_is_left_out() -> None:
    doubling = Doubling()
    double = Gathered(doubling.together)
    doubling.gate.clear()
    first = asyncio.create_task(double(1))
    second, third = asyncio.create_task(double(2)), asyncio.create_task(double(3))
    while not doubling.runs:
        await asyncio.sleep(0)
    fourth = asyncio.create_task(double(4))
    fifth = asyncio.create_task(double(5))
    await asyncio.sleep(0)
    first.cancel()
    fourth.cancel()
    await asyncio.sleep(0)
    doubling.gate.set()
    assert await asyncio.gather(second, third, fifth) == [4, 6, 10]
    assert doubling.runs == [[1, 2, 3], [5]]


async def test_nobody_is_bounded_by_the_time_that_another_has_left() -> None:
    seen: list[Deadline | None] = []

    async def together(numbers: Sequence[int]) -> Sequence[int]:
        seen.append(current_deadline())
        return numbers

    with deadline_scope(Deadline.after(5)):
        await Gathered(together)(1)
        assert current_deadline() is not None
    assert seen == [None]


async def test_an_error_is_told_only_to_those_who_wait() -> None:
    doubling = Doubling()
    double = Gathered(doubling.together)
    doubling.gate.clear()
    gone, there = asyncio.create_task(double(13)), asyncio.create_task(double(1))
    while not doubling.runs:
        await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    doubling.gate.set()
    with pytest.raises(ValueError, match="13"):
        await there

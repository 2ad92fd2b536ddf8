"""Calls at the same time go together; a single one waits for nobody."""

import asyncio
from collections.abc import Sequence

import pytest

from shop.common.errors import DeadlineExceeded, Unavailable
from shop.common.gathered import FEWEST, MOST, Gathered
from shop.common.peer import Deadline, current_deadline, deadline_scope


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


async def test_calls_of_one_burst_go_together_however_many_ticks_it_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shop.common.gathered.BURST_S", 60.0)  # a busy machine is slow to tick
    doubling = Doubling()
    double = Gathered(doubling.together)
    calls = []
    numbers = list(range(100, 120))
    for n in numbers:
        calls.append(asyncio.create_task(double(n)))
        await asyncio.sleep(0)
    assert await asyncio.gather(*calls) == [2 * n for n in numbers]
    assert doubling.runs == [numbers]


async def test_a_burst_without_an_end_is_not_waited_for() -> None:
    doubling = Doubling()
    double = Gathered(doubling.together, most=1_000_000)
    calls = []
    async with asyncio.timeout(10):
        while not doubling.runs:
            calls.append(asyncio.create_task(double(100 + len(calls))))
            await asyncio.sleep(0)
    assert await calls[0] == 200
    await asyncio.gather(*calls)


async def test_no_command_gets_too_long() -> None:
    doubling = Doubling()
    double = Gathered(doubling.together)
    numbers = list(range(1000, 1000 + 2 * MOST + 1))
    assert await asyncio.gather(*[double(n) for n in numbers]) == [2 * n for n in numbers]
    assert [len(run) for run in doubling.runs] == [MOST, MOST, 1]


async def test_a_faulty_argument_is_its_own_callers_affair() -> None:
    doubling = Doubling()
    double = Gathered(doubling.together)
    outcomes = await asyncio.gather(double(1), double(13), double(2), return_exceptions=True)
    assert outcomes[0] == 2
    assert isinstance(outcomes[1], ValueError)
    assert outcomes[2] == 4
    assert doubling.runs == [[1, 13, 2], [1], [13], [2]]


async def test_where_nothing_can_be_done_everybody_is_told_and_the_next_ones_go_on() -> None:
    away = [Unavailable("away")]
    runs = 0

    async def together(numbers: Sequence[int]) -> Sequence[int]:
        nonlocal runs
        runs += 1
        if away:
            raise away.pop()
        return numbers

    same = Gathered(together)
    outcomes = await asyncio.gather(same(1), same(2), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Unavailable, Unavailable]
    assert runs == 1
    assert await same(3) == 3


async def test_a_result_that_is_an_exception_is_raised_to_its_caller_alone() -> None:
    async def halved(numbers: Sequence[int]) -> Sequence[int | Exception]:
        return [ValueError(str(n)) if n % 2 else n // 2 for n in numbers]

    half = Gathered(halved)
    outcomes = await asyncio.gather(half(2), half(3), half(4), return_exceptions=True)
    assert outcomes[0] == 1
    assert isinstance(outcomes[1], ValueError)
    assert outcomes[2] == 2


async def test_more_than_one_command_is_under_way_where_that_is_wanted() -> None:
    doubling = Doubling()
    double = Gathered(doubling.together, at_once=2)
    doubling.gate.clear()
    calls = []
    for n in (1, 2, 3, 4):
        calls.append(asyncio.create_task(double(n)))
        for _ in range(5):
            await asyncio.sleep(0)
    assert doubling.runs == [[1], [2]]
    doubling.gate.set()
    assert await asyncio.gather(*calls) == [2, 4, 6, 8]
    assert doubling.runs == [[1], [2], [3, 4]]


async def test_commands_beside_each_other_share_the_calls() -> None:
    doubling = Doubling()
    double = Gathered(doubling.together, at_once=2)
    doubling.gate.clear()
    calls = [asyncio.create_task(double(n)) for n in range(100, 160)]
    while len(doubling.runs) < 2:
        await asyncio.sleep(0)
    doubling.gate.set()
    await asyncio.gather(*calls)
    assert [len(run) for run in doubling.runs] == [30, 30]


async def test_what_is_under_way_counts_when_calls_are_shared() -> None:
    doubling = Doubling()
    double = Gathered(doubling.together, at_once=2)
    doubling.gate.clear()
    calls = [asyncio.create_task(double(n)) for n in range(FEWEST)]
    while not doubling.runs:
        await asyncio.sleep(0)
    calls += [asyncio.create_task(double(n)) for n in range(100, 132)]
    while len(doubling.runs) < 2:
        await asyncio.sleep(0)
    doubling.gate.set()
    await asyncio.gather(*calls)
    assert [len(run) for run in doubling.runs][:2] == [FEWEST, (FEWEST + 32) // 2]


async def test_what_has_ended_does_not_count_when_calls_are_shared() -> None:
    gates = [asyncio.Event() for _ in range(5)]
    sizes: list[int] = []

    async def together(numbers: Sequence[int]) -> Sequence[int]:
        sizes.append(len(numbers))
        await gates[len(sizes) - 1].wait()
        return numbers

    same = Gathered(together, at_once=2)
    calls = [asyncio.create_task(same(n)) for n in range(80)]
    while len(sizes) < 2:
        await asyncio.sleep(0)
    calls += [asyncio.create_task(same(n)) for n in range(60)]
    gates[0].set()
    while len(sizes) < 3:
        await asyncio.sleep(0)
    assert sizes == [40, 40, (60 + 40) // 2]
    for gate in gates:
        gate.set()
    await asyncio.gather(*calls)


async def test_few_calls_are_not_split() -> None:
    doubling = Doubling()
    double = Gathered(doubling.together, at_once=2)
    await asyncio.gather(*[double(n) for n in range(FEWEST)])
    assert [len(run) for run in doubling.runs] == [FEWEST]


@pytest.mark.parametrize(
    ("first", "then", "beside"),
    [
        (FEWEST // 2, FEWEST - 1, False),
        (FEWEST // 2 - 1, 1, True),
        (FEWEST // 2, FEWEST, True),
    ],
)
async def test_few_calls_wait_for_a_command_of_many(first: int, then: int, beside: bool) -> None:
    doubling = Doubling()
    double = Gathered(doubling.together, at_once=2)
    doubling.gate.clear()
    calls = [asyncio.create_task(double(n)) for n in range(100, 100 + first)]
    while not doubling.runs:
        await asyncio.sleep(0)
    calls += [asyncio.create_task(double(n)) for n in range(200, 200 + then)]
    for _ in range(20):
        await asyncio.sleep(0)
    assert [len(run) for run in doubling.runs] == ([first, then] if beside else [first])
    doubling.gate.set()
    await asyncio.gather(*calls)
    assert [len(run) for run in doubling.runs] == [first, then]


async def test_a_command_is_under_way_until_its_callers_are_through() -> None:
    doubling, through = Doubling(), asyncio.Event()
    given: list[Sequence[int | Exception]] = []

    async def until(results: Sequence[int | Exception]) -> None:
        given.append(results)
        await through.wait()

    double = Gathered(doubling.together, until=until)
    assert await asyncio.gather(double(1), double(2)) == [2, 4]
    later = asyncio.create_task(double(3))
    for _ in range(20):
        await asyncio.sleep(0)
    assert doubling.runs == [[1, 2]]
    assert double.busy
    through.set()
    assert await later == 6
    assert doubling.runs == [[1, 2], [3]]
    assert given[0] == [2, 4]


async def test_what_failed_is_told_to_who_says_until_when() -> None:
    doubling, given = Doubling(), asyncio.Queue[Sequence[int | Exception]]()
    double = Gathered(doubling.together, until=given.put)
    outcomes = await asyncio.gather(double(1), double(13), return_exceptions=True)
    assert await asyncio.wait_for(given.get(), 5) == [2, outcomes[1]]


async def test_whose_time_is_over_is_told_so_and_holds_nobody_up() -> None:
    doubling = Doubling()
    double = Gathered(doubling.together)
    doubling.gate.clear()
    first = asyncio.create_task(double(1))
    while not doubling.runs:
        await asyncio.sleep(0)
    with deadline_scope(Deadline.after(0.01)):
        hasty = asyncio.create_task(double(2))
    patient = asyncio.create_task(double(3))
    with pytest.raises(DeadlineExceeded):
        await hasty
    doubling.gate.set()
    assert await asyncio.gather(first, patient) == [2, 6]
    assert doubling.runs == [[1], [3]], "what nobody waits for any more does not go"


async def test_who_has_no_time_left_does_not_even_wait() -> None:
    doubling = Doubling()
    with deadline_scope(Deadline.after(0)), pytest.raises(DeadlineExceeded):
        await Gathered(doubling.together)(1)
    assert doubling.runs == []


async def test_who_comes_the_moment_that_the_last_command_ends_is_served() -> None:
    double = Gathered(Doubling().together)
    for n in range(10):  # as many ticks after the beginning of the one before
        before = asyncio.create_task(double(0))
        for _ in range(n):
            await asyncio.sleep(0)
        assert await asyncio.wait_for(double(n), 5) == 2 * n
        assert await before == 0


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
    gate, running = asyncio.Event(), asyncio.Event()

    async def together(_: Sequence[int]) -> Sequence[int]:
        running.set()
        await gate.wait()
        raise Unavailable("away")

    ask = Gathered(together)
    gone, there = asyncio.create_task(ask(1)), asyncio.create_task(ask(2))
    await running.wait()
    gone.cancel()
    await asyncio.sleep(0)
    gate.set()
    with pytest.raises(Unavailable):
        await there


async def test_a_command_that_takes_long_holds_up_only_its_own_callers() -> None:
    gates = {"slow": asyncio.Event(), "quick": asyncio.Event()}
    runs: list[Sequence[str]] = []

    async def together(names: Sequence[str]) -> Sequence[str]:
        runs.append(list(names))
        await gates[names[0]].wait()
        return names

    same = Gathered(together, patience_s=0.01)
    slow = asyncio.create_task(same("slow"))
    while not runs:
        await asyncio.sleep(0)
    quick = [asyncio.create_task(same("quick")) for _ in range(2)]
    gates["quick"].set()
    assert await asyncio.gather(*quick) == ["quick", "quick"]
    assert not slow.done()
    last = asyncio.create_task(same("quick"))  # the slow one, when it ends, takes up nothing more
    gates["slow"].set()
    assert await asyncio.gather(slow, last) == ["slow", "quick"]
    assert runs == [["slow"], ["quick", "quick"], ["quick"]]


async def test_a_command_in_time_keeps_its_place() -> None:
    doubling = Doubling()
    double = Gathered(doubling.together, patience_s=60.0)
    doubling.gate.clear()
    calls = [asyncio.create_task(double(1))]
    while not doubling.runs:
        await asyncio.sleep(0)
    calls += [asyncio.create_task(double(n)) for n in (2, 3)]
    doubling.gate.set()
    assert await asyncio.gather(*calls) == [2, 4, 6]
    assert doubling.runs == [[1], [2, 3]]

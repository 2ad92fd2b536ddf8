"""What is done for an order once its caller has been answered."""

import asyncio

from shop.common.peer import Deadline, current_deadline, deadline_scope
from shop.order.afterwards import Afterwards, opened


async def test_nobody_waits_for_it_and_it_is_done() -> None:
    gate, done = asyncio.Event(), asyncio.Event()

    async def work() -> str:
        await gate.wait()
        done.set()
        return "done"

    async with opened() as afterwards:
        assert await afterwards.do(work()) is None
        assert not done.is_set()
        gate.set()
    assert done.is_set(), "who closes it waits for what goes on"


async def test_where_too_much_goes_on_who_comes_next_waits_for_their_own() -> None:
    gate = asyncio.Event()

    async def slow() -> str:
        await gate.wait()
        return "slow"

    async def quick() -> str:
        return "quick"

    afterwards = Afterwards(most=1)
    assert await afterwards.do(slow()) is None
    assert await afterwards.do(quick()) == "quick"
    gate.set()
    await afterwards.close()
    assert await afterwards.do(quick()) is None, "there is room again"
    await afterwards.close()


async def test_what_comes_within_moments_begins_together_and_nothing_lingers_at_the_end() -> None:
    begun: list[int] = []

    async def work(number: int) -> None:
        begun.append(number)

    afterwards = Afterwards(linger_s=60)
    for number in range(3):
        await afterwards.do(work(number))
        await asyncio.sleep(0)
    assert begun == []
    await afterwards.close()
    assert begun == [0, 1, 2]


async def test_it_begins_by_itself() -> None:
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()

    async with opened() as afterwards:
        await afterwards.do(work())
        async with asyncio.timeout(10):
            await begun.wait()


async def test_the_time_of_the_request_does_not_bound_it() -> None:
    seen: list[Deadline | None] = []

    async def work() -> None:
        seen.append(current_deadline())

    async with opened() as afterwards:
        with deadline_scope(Deadline.after(1)):
            await afterwards.do(work())
    assert seen == [None]


async def test_what_breaks_down_is_told_and_harms_nobody(capsys) -> None:
    async def broken() -> None:
        raise ValueError("broken")

    async with opened() as afterwards:
        await afterwards.do(broken())
    assert "left to the relay" in capsys.readouterr().out


async def test_what_hangs_is_given_up_when_its_time_is_over() -> None:
    afterwards = Afterwards()
    ended = asyncio.Event()

    async def hangs() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    await afterwards.do(hangs())
    await afterwards.close(within_s=0.01)
    assert ended.is_set()

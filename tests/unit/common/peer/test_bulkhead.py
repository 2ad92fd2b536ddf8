import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shop.common.peer import Bulkhead, BulkheadFull, BulkheadOptions

FOR_EVER_S = 3600.0


def bulkhead(places: int, waiting: int = 10, wait_s: float = FOR_EVER_S) -> Bulkhead:
    return Bulkhead(BulkheadOptions(places, waiting, wait_s))


async def settle() -> None:
    """Let everything run that can run."""
    for _ in range(5):
        await asyncio.sleep(0)


async def queue(full: Bulkhead, count: int, entered: list[int]) -> list[asyncio.Task[None]]:
    async def enter(number: int) -> None:
        await full.enter(FOR_EVER_S)
        entered.append(number)

    tasks = [asyncio.create_task(enter(number)) for number in range(count)]
    await settle()
    return tasks


async def test_never_are_more_in_flight_than_there_are_places():
    places, inside, most = bulkhead(3, waiting=50), 0, 0

    async def call() -> None:
        nonlocal inside, most
        await places.enter(FOR_EVER_S)
        inside += 1
        most = max(most, inside)
        await settle()
        inside -= 1
        places.leave()

    await asyncio.gather(*(call() for _ in range(50)))
    assert most == 3
    assert (places.in_flight, places.waiting) == (0, 0)


async def test_places_are_given_in_the_order_in_which_they_were_asked_for():
    places, entered = bulkhead(1), list[int]()
    await places.enter(FOR_EVER_S)
    tasks = await queue(places, 5, entered)
    for number in range(5):
        assert entered == list(range(number))
        places.leave()
        await settle()
    assert entered == [0, 1, 2, 3, 4]
    await asyncio.gather(*tasks)


async def test_who_comes_later_does_not_overtake_those_who_wait():
    places, entered = bulkhead(1), list[int]()
    await places.enter(FOR_EVER_S)
    tasks = await queue(places, 1, entered)
    places.leave()  # the place is the waiting one's, though it has not woken up yet
    late = asyncio.create_task(places.enter(FOR_EVER_S))
    await settle()
    assert entered == [0]
    assert not late.done()
    places.leave()
    await asyncio.gather(*tasks, late)


async def test_when_the_queue_is_full_the_next_one_fails_at_once():
    places, entered = bulkhead(1, waiting=2), list[int]()
    await places.enter(FOR_EVER_S)
    tasks = await queue(places, 2, entered)
    refused = places.enter(FOR_EVER_S)
    with pytest.raises(BulkheadFull):
        refused.send(None)  # it does not even wait for the loop's next turn
    assert places.waiting == 2
    for _ in range(2):
        places.leave()
        await settle()
    await asyncio.gather(*tasks)


@pytest.mark.parametrize(("timeout_s", "max_wait_s"), [(0.0, FOR_EVER_S), (FOR_EVER_S, 0.0)])
async def test_nobody_waits_longer_than_the_call_has_time_nor_than_the_options_say(
    timeout_s, max_wait_s
):
    places = bulkhead(1, wait_s=max_wait_s)
    await places.enter(FOR_EVER_S)
    with pytest.raises(BulkheadFull):
        await places.enter(timeout_s)
    assert (places.in_flight, places.waiting) == (1, 0)


async def test_one_who_gives_up_waiting_takes_nothing_from_the_others():
    places, entered = bulkhead(1), list[int]()
    await places.enter(FOR_EVER_S)
    tasks = await queue(places, 3, entered)
    tasks[1].cancel()
    await settle()
    assert places.waiting == 2
    for _ in range(2):
        places.leave()
        await settle()
    assert entered == [0, 2]
    places.leave()
    assert places.in_flight == 0


@pytest.mark.parametrize("leaves_first", [True, False])
async def test_a_place_that_comes_in_the_moment_of_a_cancellation_goes_to_the_next(leaves_first):
    places, entered = bulkhead(1), list[int]()
    await places.enter(FOR_EVER_S)
    tasks = await queue(places, 2, entered)
    if leaves_first:
        places.leave()
        tasks[0].cancel()
    else:
        tasks[0].cancel()
        places.leave()
    await settle()
    assert tasks[0].cancelled()
    assert entered == [1]
    assert (places.in_flight, places.waiting) == (1, 0)


async def test_a_place_that_comes_in_the_moment_of_the_timeout_goes_to_the_next():
    places = bulkhead(1)
    await places.enter(FOR_EVER_S)
    hasty = asyncio.create_task(places.enter(0.0))
    patient = asyncio.create_task(places.enter(FOR_EVER_S))
    await asyncio.sleep(0)
    assert places.waiting == 2
    places.leave()  # to the hasty one, whose timeout is due in the loop's next turn
    with pytest.raises(BulkheadFull):
        await hasty
    await patient
    assert (places.in_flight, places.waiting) == (1, 0)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["enter", "enter at once", "leave", "cancel", "run"]), st.integers(0)
    ),
    max_size=60,
)


@given(steps=STEPS, places=st.integers(1, 3), waiting=st.integers(0, 4))
@settings(max_examples=80, deadline=None)
def test_whatever_comes_in_whatever_order_no_place_is_lost_or_made(steps, places, waiting):
    asyncio.run(_play(steps, places, waiting))


class Crowd:
    """Callers who come, go and lose patience, as they are told."""

    def __init__(self, places: int, waiting: int) -> None:
        self.head = bulkhead(places, waiting)
        self.inside: set[int] = set()
        self._tasks: list[asyncio.Task[None]] = []

    async def do(self, step: str, which: int) -> None:
        if step.startswith("enter"):
            timeout_s = FOR_EVER_S if step == "enter" else 0.0
            self._tasks.append(asyncio.create_task(self._enter(len(self._tasks), timeout_s)))
        elif step == "cancel" and self._tasks:
            self._tasks[which % len(self._tasks)].cancel()
        elif step == "leave":
            self._leave(which)
        elif step == "run":
            for _ in range(which % 4):
                await asyncio.sleep(0)

    async def go_home(self) -> None:
        while not all(task.done() for task in self._tasks):
            await settle()
            self._leave(0)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        while self.inside:
            self._leave(0)

    async def _enter(self, number: int, timeout_s: float) -> None:
        await self.head.enter(timeout_s)
        self.inside.add(number)

    def _leave(self, which: int) -> None:
        if self.inside:
            self.inside.remove(sorted(self.inside)[which % len(self.inside)])
            self.head.leave()


async def _play(steps: list[tuple[str, int]], places: int, waiting: int) -> None:
    crowd = Crowd(places, waiting)
    for step, which in steps:
        await crowd.do(step, which)
        assert len(crowd.inside) <= crowd.head.in_flight <= places
        assert crowd.head.waiting <= waiting
    await crowd.go_home()
    assert (crowd.head.in_flight, crowd.head.waiting) == (0, 0)


@pytest.mark.parametrize("wrong", [{"max_in_flight": 0}, {"max_waiting": -1}])
def test_options_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match="not negative"):
        BulkheadOptions(**wrong)

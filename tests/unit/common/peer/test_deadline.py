import asyncio

import pytest

from shop.common.peer import Deadline, DeadlineExceeded, current_deadline, deadline_scope


def test_counts_down_to_nothing_and_no_further(clock):
    deadline = Deadline.after(2.0, clock)
    assert deadline.remaining_s() == 2.0
    clock.now_s += 1.5
    assert deadline.remaining_s() == 0.5
    clock.now_s += 10
    assert deadline.remaining_s() == 0.0


def test_check_gives_what_is_left_until_there_is_nothing(clock):
    deadline = Deadline.after(2.0, clock)
    assert deadline.check() == 2.0
    clock.now_s += 2.0
    with pytest.raises(DeadlineExceeded, match="time has run out"):
        deadline.check()


@pytest.mark.parametrize(
    ("header", "expected_s"),
    [("250", 0.25), ("10000", 10.0), ("10001", 10.0), ("0", 0.0), (None, 10.0)],
)
def test_a_callers_wish_is_granted_up_to_the_cap(clock, header, expected_s):
    assert Deadline.requested(header, 10.0, clock).remaining_s() == expected_s


@pytest.mark.parametrize("header", ["", "soon", "-5", "1.5", "1e3", "٣", "²", "9" * 5000])
def test_a_wish_that_is_no_number_counts_as_none(clock, header):
    assert Deadline.requested(header, 10.0, clock).remaining_s() == 10.0


def test_there_is_none_outside_a_scope():
    assert current_deadline() is None


def test_a_scope_sets_it_and_gives_the_outer_one_back(clock):
    outer, inner = Deadline.after(5, clock), Deadline.after(1, clock)
    with deadline_scope(outer):
        with deadline_scope(inner):
            assert current_deadline() is inner
        assert current_deadline() is outer
    assert current_deadline() is None


def test_a_scope_ends_with_an_error_too(clock):
    with pytest.raises(KeyError), deadline_scope(Deadline.after(1, clock)):
        raise KeyError
    assert current_deadline() is None


async def test_each_task_has_its_own(clock):
    async def seen(deadline: Deadline) -> bool:
        with deadline_scope(deadline):
            await asyncio.sleep(0)
            return current_deadline() is deadline

    deadlines = [Deadline.after(s, clock) for s in range(5)]
    assert await asyncio.gather(*map(seen, deadlines)) == [True] * 5

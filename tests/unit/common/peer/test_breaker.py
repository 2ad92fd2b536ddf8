from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.common.peer import Breaker, BreakerOptions, Outcome, State

SUCCESS, FAILURE, DROPPED = Outcome.SUCCESS, Outcome.FAILURE, Outcome.DROPPED
NOW_S = 1000.0
OPTIONS = BreakerOptions(
    window_s=10.0, minimum_calls=4, failure_rate=0.5, slow_call_s=2.0, slow_call_rate=0.75
)


def breaker(longest: Random, options: BreakerOptions = OPTIONS) -> Breaker:
    return Breaker(options, rng=longest)


def have(broken: Breaker, *outcomes: Outcome, at_s: float = NOW_S, took_s: float = 0.1) -> None:
    for outcome in outcomes:
        assert broken.admits(at_s)
        broken.end(broken.begin(at_s), outcome, took_s, at_s)


def opened(longest: Random, options: BreakerOptions = OPTIONS, at_s: float = NOW_S) -> Breaker:
    broken = breaker(longest, options)
    have(broken, *[FAILURE] * options.minimum_calls, at_s=at_s)
    assert broken.state is State.OPEN
    return broken


def test_it_opens_with_the_call_that_makes_the_minimum_not_one_earlier(longest):
    broken = breaker(longest)
    have(broken, FAILURE, FAILURE, FAILURE)
    assert broken.state is State.CLOSED
    have(broken, FAILURE)
    assert broken.state is State.OPEN


def test_it_opens_with_the_failure_that_makes_the_rate_not_one_earlier(longest):
    broken = breaker(longest)
    have(broken, SUCCESS, SUCCESS, SUCCESS, FAILURE, FAILURE)
    assert broken.state is State.CLOSED
    have(broken, FAILURE)
    assert broken.state is State.OPEN


def test_a_success_never_opens_it_even_where_it_makes_the_minimum(longest):
    broken = breaker(longest)
    have(broken, FAILURE, FAILURE, FAILURE, SUCCESS)
    assert broken.state is State.CLOSED


def test_it_opens_after_failures_in_a_row_however_many_went_well_before(longest):
    broken = breaker(longest)
    have(broken, *[SUCCESS] * 100, *[FAILURE] * 4, SUCCESS, *[FAILURE] * 4)
    assert broken.state is State.CLOSED
    have(broken, FAILURE)
    assert broken.state is State.OPEN


def test_failures_that_are_long_past_do_not_count(longest):
    broken = breaker(longest)
    have(broken, FAILURE, FAILURE, FAILURE)
    have(broken, FAILURE, at_s=NOW_S + 10.0)
    assert broken.state is State.CLOSED


def test_it_opens_when_too_many_calls_are_slow_though_all_went_well(longest):
    broken = breaker(longest)
    have(broken, SUCCESS)
    have(broken, SUCCESS, SUCCESS, took_s=2.0)
    assert broken.state is State.CLOSED
    have(broken, SUCCESS, took_s=2.0)
    assert broken.state is State.OPEN


def test_calls_that_were_given_up_count_as_nothing_however_long_they_took(longest):
    broken = breaker(longest)
    have(broken, *[DROPPED] * 100, took_s=60.0)
    have(broken, FAILURE, FAILURE, FAILURE)
    assert broken.state is State.CLOSED


def test_while_open_it_admits_nothing_and_says_when_it_will(longest):
    broken = opened(longest)
    assert broken.retry_after_s(NOW_S) == 1.0
    assert broken.retry_after_s(NOW_S + 0.75) == 0.25
    assert not broken.admits(NOW_S + 0.999)
    assert broken.admits(NOW_S + 1.0)
    assert broken.retry_after_s(NOW_S + 7.0) == 0.0


def test_of_many_who_come_when_it_may_be_probed_only_as_many_are_let_through(longest):
    broken = opened(longest)
    let_through = sum(
        broken.begin(NOW_S + 1.0) > 0 for _ in range(50) if broken.admits(NOW_S + 1.0)
    )
    assert let_through == OPTIONS.probes
    assert broken.state is State.HALF_OPEN


def test_a_probe_that_was_given_up_makes_room_for_another(longest):
    broken = opened(longest)
    probes = [broken.begin(NOW_S + 1.0) for _ in range(OPTIONS.probes)]
    assert not broken.admits(NOW_S + 1.0)
    broken.end(probes[0], DROPPED, 0.1, NOW_S + 1.0)
    assert broken.state is State.HALF_OPEN
    assert broken.admits(NOW_S + 1.0)


def test_a_probe_that_went_well_makes_no_room_for_a_fourth(longest):
    broken = opened(longest)
    probes = [broken.begin(NOW_S + 1.0) for _ in range(OPTIONS.probes)]
    broken.end(probes[0], SUCCESS, 0.1, NOW_S + 1.0)
    assert not broken.admits(NOW_S + 1.0)


def test_it_closes_when_all_probes_went_well(longest):
    broken = opened(longest)
    have(broken, SUCCESS, SUCCESS, at_s=NOW_S + 1.0)
    assert broken.state is State.HALF_OPEN
    have(broken, SUCCESS, at_s=NOW_S + 1.0)
    assert broken.state is State.CLOSED


@pytest.mark.parametrize(("outcome", "took_s"), [(FAILURE, 0.1), (SUCCESS, 2.0)])
def test_one_probe_that_failed_or_was_slow_opens_it_again(longest, outcome, took_s):
    broken = opened(longest)
    have(broken, SUCCESS, SUCCESS, at_s=NOW_S + 1.0)
    have(broken, outcome, at_s=NOW_S + 1.0, took_s=took_s)
    assert broken.state is State.OPEN


def test_results_of_calls_that_began_before_it_opened_change_nothing(longest):
    broken = breaker(longest)
    late = [broken.begin(NOW_S) for _ in range(8)]
    have(broken, *[FAILURE] * 4)
    broken.end(late.pop(), FAILURE, 0.1, NOW_S)
    assert broken.retry_after_s(NOW_S) == 1.0
    broken.begin(NOW_S + 1.0)
    broken.end(late.pop(), SUCCESS, 0.1, NOW_S + 1.0)
    broken.end(late.pop(), FAILURE, 0.1, NOW_S + 1.0)
    assert broken.state is State.HALF_OPEN
    have(broken, SUCCESS, SUCCESS, at_s=NOW_S + 1.0)
    assert broken.state is State.HALF_OPEN  # the first probe is still on its way
    assert not broken.admits(NOW_S + 1.0)


def test_late_results_do_not_open_it_again_once_it_has_closed(longest):
    broken = breaker(longest)
    late = [broken.begin(NOW_S) for _ in range(8)]
    have(broken, *[FAILURE] * 4)
    have(broken, *[SUCCESS] * 3, at_s=NOW_S + 1.0)
    for each in late:
        broken.end(each, FAILURE, 1.0, NOW_S + 1.0)
    assert broken.state is State.CLOSED


def test_what_happened_before_it_closed_is_forgotten(longest):
    broken = opened(longest)
    have(broken, *[SUCCESS] * 3, at_s=NOW_S + 1.0)
    have(broken, *[FAILURE] * 3, at_s=NOW_S + 1.0)
    assert broken.state is State.CLOSED


def test_each_relapse_doubles_the_time_up_to_the_maximum(longest):
    broken, now_s, times = opened(longest), NOW_S, []
    for _ in range(60):
        times.append(broken.retry_after_s(now_s))
        now_s += times[-1]
        have(broken, FAILURE, at_s=now_s)
    assert times[:7] == [1.0, 2.0, 4.0, 5.0, 5.0, 5.0, 5.0]
    assert set(times[7:]) == {5.0}


@pytest.mark.parametrize(("healthy_s", "open_s"), [(9.0, 2.0), (10.0, 1.0)])
def test_only_who_was_well_for_a_whole_window_begins_anew(longest, healthy_s, open_s):
    broken = opened(longest)
    have(broken, *[SUCCESS] * 3, at_s=NOW_S + 1.0)
    have(broken, *[FAILURE] * 4, at_s=NOW_S + 1.0 + healthy_s)
    assert broken.retry_after_s(NOW_S + 1.0 + healthy_s) == open_s


@given(seed=st.integers(), relapses=st.integers(0, 9))
def test_the_time_is_drawn_between_half_and_whole(seed, relapses):
    broken, now_s = opened(Random(seed)), NOW_S
    for _ in range(relapses):
        now_s += 30.0
        have(broken, FAILURE, at_s=now_s)
    longest_s = min(5.0, 2.0**relapses)
    assert longest_s / 2 - 1e-9 <= broken.retry_after_s(now_s) <= longest_s + 1e-9


def test_callers_who_saw_the_same_do_not_come_back_together():
    assert len({opened(Random(seed)).retry_after_s(NOW_S) for seed in range(20)}) == 20


def test_every_change_is_told_with_its_reason(longest):
    told: list[tuple[State, State, str]] = []
    broken = Breaker(OPTIONS, rng=longest, on_change=lambda *change: told.append(change))
    have(broken, *[FAILURE] * 4)
    have(broken, SUCCESS, FAILURE, at_s=NOW_S + 1.0)
    have(broken, *[SUCCESS] * 3, at_s=NOW_S + 3.0)
    have(broken, *[SUCCESS] * 4, at_s=NOW_S + 4.0, took_s=3.0)
    assert told == [
        (State.CLOSED, State.OPEN, "4 of 4 calls failed"),
        (State.OPEN, State.HALF_OPEN, "time to probe"),
        (State.HALF_OPEN, State.OPEN, "a probe failed"),
        (State.OPEN, State.HALF_OPEN, "time to probe"),
        (State.HALF_OPEN, State.CLOSED, "all probes went well"),
        (State.CLOSED, State.OPEN, "4 of 4 calls were slow"),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"minimum_calls": 0},
        {"probes": 0},
        {"failure_rate": 0.0},
        {"failure_rate": 1.1},
        {"slow_call_rate": 0.0},
        {"slow_call_rate": 1.1},
    ],
)
def test_options_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match=r"at least 1|a rate is more than 0"):
        BreakerOptions(**wrong)

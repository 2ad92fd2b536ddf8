from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.common.peer.latency import PeakEwma

TOOK_S = st.floats(0.0, 100.0)
PASSED_S = st.floats(0.0, 100.0)
SEEN = st.lists(st.tuples(PASSED_S, TOOK_S), max_size=20)


def after(seen: list[tuple[float, float]]) -> tuple[PeakEwma, float]:
    latency, now_s = PeakEwma(0.05, 10.0, 0.0), 0.0
    for passed_s, took_s in seen:
        now_s += passed_s
        latency.observe(took_s, now_s)
    return latency, now_s


def test_until_a_call_has_ended_it_is_what_was_said():
    assert PeakEwma(0.05, 10.0, 0.0).estimate_s(0.0) == 0.05


def test_the_first_call_is_believed_even_where_it_is_better():
    latency = PeakEwma(0.05, 10.0, 0.0)
    latency.observe(0.01, 0.0)
    assert latency.estimate_s(0.0) == 0.01


@given(seen=SEEN, passed_s=PASSED_S, took_s=TOOK_S)
def test_it_is_at_a_peak_at_once_and_never_below_what_was_just_seen(seen, passed_s, took_s):
    latency, now_s = after(seen)
    now_s += passed_s
    before_s = latency.estimate_s(now_s)
    latency.observe(took_s, now_s)
    if took_s >= before_s or not seen:
        assert latency.estimate_s(now_s) == took_s
    else:
        assert took_s * (1 - 1e-9) - 1e-12 <= latency.estimate_s(now_s) + took_s
        assert latency.estimate_s(now_s) <= before_s + took_s


@given(seen=SEEN, passed_s=PASSED_S)
def test_it_decays_by_its_time_constant_while_nothing_is_seen(seen, passed_s):
    latency, now_s = after(seen)
    expected_s = latency.estimate_s(now_s) * exp(-passed_s / 10.0)
    assert latency.estimate_s(now_s + passed_s) == pytest.approx(expected_s, abs=1e-9)


def test_good_news_count_by_the_time_that_has_passed():
    latency, _ = after([(0.0, 1.0)])
    latency.observe(0.1, 10.0)
    assert latency.estimate_s(10.0) == pytest.approx(1.0 * exp(-1) + 0.1 * (1 - exp(-1)))


def test_any_number_of_good_calls_in_one_moment_does_not_hide_a_peak():
    latency, _ = after([(0.0, 1.0)])
    for _ in range(1000):
        latency.observe(0.001, 0.0)
    assert latency.estimate_s(0.0) == 1.0


@given(seen=SEEN.filter(bool), passed_s=PASSED_S, took_s=TOOK_S)
def test_a_failure_never_counts_for_less_than_it_took_nor_makes_an_instance_look_faster(
    seen, passed_s, took_s
):
    latency, now_s = after(seen)
    now_s += passed_s
    before_s = latency.estimate_s(now_s)
    latency.penalize(took_s, now_s, 10.0, 5.0)
    after_s = latency.estimate_s(now_s)
    assert after_s >= max(min(before_s * 10.0, 5.0), took_s if took_s >= before_s else 0.0) * 0.999
    assert after_s >= min(before_s, 5.0)


def test_a_failure_counts_as_so_many_times_slower_up_to_a_maximum():
    latency, now_s = after([(0.0, 0.02)])
    estimates = []
    for _ in range(4):
        latency.penalize(0.001, now_s, 10.0, 5.0)
        estimates.append(latency.estimate_s(now_s))
    assert estimates == pytest.approx([0.2, 2.0, 5.0, 5.0])

"""Load shedding, in simulated services whose capacity is known, and under any sequence of calls."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.fakes.service import Clock, Request, Service, counted, evenly

from shop.common.web.shedding import FULL, OVERLOADED, Shedding, SheddingOptions

SHARED = ["side-by-side", "in-turn"]  # both have a capacity: here 200 requests per second
WORK_S = 0.005
CAPACITY = 1 / WORK_S
WITHOUT = SheddingOptions(max_in_flight=10**9, floor=10**9)


# --- Under overload ------------------------------------------------------------------------------


@pytest.mark.parametrize("discipline", SHARED)
@pytest.mark.parametrize("times", [1.5, 3, 10])
@pytest.mark.parametrize("given_s", [0.2, 0.5, 2.0])
def test_under_any_overload_nearly_the_whole_capacity_goes_to_answers_in_time(
    discipline, times, given_s
):
    calm = evenly(CAPACITY / 2, 0, 3, WORK_S, given_s)
    outcomes = Service(discipline).serve(calm + evenly(CAPACITY * times, 3, 13, WORK_S, given_s))
    learned = counted(o for o in outcomes if o.request.at_s >= 5)
    assert learned["answered"] >= 0.9 * CAPACITY * 8
    assert learned["late"] <= 0.1 * learned["answered"]
    assert learned[OVERLOADED] + learned[FULL] > 0
    assert counted(outcomes)["answered"] >= 0.85 * CAPACITY * 10, "also while it learns"


def test_without_it_a_queue_answers_almost_nobody_in_time():
    ends = counted(Service("in-turn", WITHOUT).serve(evenly(CAPACITY * 3, 0, 10, WORK_S, 0.5)))
    assert ends["answered"] < 0.15 * CAPACITY * 10


@pytest.mark.parametrize("discipline", SHARED)
def test_who_has_more_time_is_let_in_where_who_has_less_is_not(discipline):
    hurried = evenly(CAPACITY, 0, 10, WORK_S, 0.2, "get")
    patient = evenly(CAPACITY, 0.001, 10, WORK_S, 5.0, "get")
    outcomes = Service(discipline).serve(hurried + patient)
    refused = [o.request.given_s for o in outcomes if o.what == OVERLOADED]
    assert refused.count(0.2) > 10 * max(1, refused.count(5.0))


@pytest.mark.parametrize("discipline", SHARED)
def test_after_an_overload_everything_is_let_in_at_once(discipline):
    burst = evenly(CAPACITY * 10, 0, 5, WORK_S, 0.5)
    after = evenly(CAPACITY * 0.8, 6, 12, WORK_S, 0.5)
    outcomes = Service(discipline).serve(burst + after)
    assert {o.what for o in outcomes if o.request.at_s >= 6} == {"answered"}


def test_a_slow_service_has_an_overload_too():
    """Twenty requests per second: a span of a second holds hardly enough of them."""
    outcomes = Service("in-turn").serve(evenly(80, 0, 40, 0.05, 2.0))
    ends = counted(o for o in outcomes if o.request.at_s >= 10)
    assert ends["answered"] >= 0.9 * 20 * 30
    assert ends["late"] <= 0.1 * ends["answered"]


def test_no_more_than_the_hard_limit_are_in_flight_however_much_time_they_have():
    service = Service("in-turn", SheddingOptions(max_in_flight=100))
    ends = counted(service.serve(evenly(CAPACITY * 5, 0, 5, WORK_S, 60)))
    assert service.most_in_flight == 100
    assert ends[FULL] > 0
    assert ends["late"] == 0


# --- Without overload ----------------------------------------------------------------------------


@pytest.mark.parametrize("discipline", SHARED)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_below_its_capacity_none_is_refused(discipline, share):
    ends = counted(Service(discipline).serve(evenly(CAPACITY * share, 0, 20, WORK_S, 0.5)))
    assert set(ends) == {"answered"}


@pytest.mark.parametrize("calm_rate", [0.5, 5, 50])
@pytest.mark.parametrize("discipline", SHARED)
def test_a_rate_that_was_low_because_few_asked_is_not_taken_for_the_capacity(discipline, calm_rate):
    """After any calm, a burst that can be answered in time is let in as a whole."""
    calm = evenly(calm_rate, 0, 20, WORK_S, 1.0)
    burst = [Request(20.0, WORK_S, 1.0)] * 150
    outcomes = Service(discipline).serve(calm + burst)
    assert set(counted(outcomes)) == {"answered"}


def test_bursts_with_pauses_between_them_are_let_in():
    """The pauses are no slowness: 120 at once, each second, are 0.6 s of work."""
    requests = [Request(float(s), WORK_S, 1.0) for s in range(20) for _ in range(120)]
    assert set(counted(Service("in-turn").serve(requests))) == {"answered"}


def test_slow_but_idle_is_no_overload():
    """Each waits 3 s for others, so that 30 are in flight, and is given 10 s."""
    ends = counted(Service("waiting").serve(evenly(10, 0, 60, 3.0, 10.0)))
    assert set(ends) == {"answered"}


def test_where_requests_only_wait_for_others_a_rise_in_calls_is_let_in():
    calm = evenly(50, 0, 10, 0.5, 5.0)
    rise = evenly(300, 10, 20, 0.5, 5.0)
    assert set(counted(Service("waiting").serve(calm + rise))) == {"answered"}


def test_and_a_steep_one_is_soon():
    """The limit grows by (time given / caution / time taken) within each time taken."""
    calm = evenly(40, 0, 10, 0.5, 2.0)
    rise = evenly(800, 10, 20, 0.5, 2.0)
    outcomes = Service("waiting", SheddingOptions(max_in_flight=10_000)).serve(calm + rise)
    assert {o.what for o in outcomes if o.request.at_s >= 13} == {"answered"}


def test_an_operation_that_hangs_is_shed_and_says_nothing_of_the_others():
    hanging = evenly(20, 0, 30, 1000.0, 2.0, "post")
    quick = evenly(5, 0, 30, 0.01, 2.0, "get")
    outcomes = Service("waiting").serve(hanging + quick)
    ends = counted(o for o in outcomes if o.request.operation == "get")
    assert set(ends) == {"answered"}
    ends = counted(o for o in outcomes if o.request.operation == "post")
    assert ends[OVERLOADED] > ends["late"]


def test_what_stood_still_is_found_to_go_on():
    """Its database hangs for 10 s; 3 s after it is back, nobody is refused for that."""
    service = Service("side-by-side", frozen=(5.0, 15.0))
    outcomes = service.serve(evenly(CAPACITY / 2, 0, 30, WORK_S, 1.0))
    assert {o.what for o in outcomes if o.request.at_s >= 18} == {"answered"}
    hung = counted(o for o in outcomes if 7 <= o.request.at_s < 14)
    assert hung[OVERLOADED] > 5 * hung["late"], "few are made to wait for nothing"


# --- Whatever comes ------------------------------------------------------------------------------


@settings(deadline=None)
@given(
    rate=st.floats(1, 2000),
    given_s=st.floats(0.01, 10),
    work_s=st.floats(0.001, 1),
    discipline=st.sampled_from([*SHARED, "waiting"]),
)
def test_a_floor_of_requests_is_always_let_in_and_every_request_comes_to_an_end(
    rate, given_s, work_s, discipline
):
    service = Service(discipline, SheddingOptions(max_in_flight=64))
    requests = evenly(rate, 0, min(3.0, 300 / rate), work_s, given_s)
    outcomes = service.serve(requests)
    assert len(outcomes) == len(requests)
    assert {o.what for o in outcomes[:16]} <= {"answered", "late"}
    assert service.most_in_flight <= 64
    assert service.shedding.in_flight == 0


class Calls(RuleBasedStateMachine):
    """Any order of calls, at any time."""

    def __init__(self):
        super().__init__()
        self.clock = Clock()
        self.options = SheddingOptions(max_in_flight=40, floor=4)
        self.shedding = Shedding(self.options, self.clock)
        self.open = {"a": 0, "b": 0, "c": 0}

    @rule(s=st.floats(0, 100))
    def time_passes(self, s):
        self.clock.now_s += s

    @rule(operation=st.sampled_from("abc"), left_s=st.floats(0, 20), count=st.integers(1, 20))
    def requests_come(self, operation, left_s, count):
        for _ in range(count):
            full = sum(self.open.values()) >= self.options.max_in_flight
            refusal = self.shedding.enter(operation, left_s)
            if full:
                assert refusal.reason == FULL
            elif self.open[operation] < self.options.floor:
                assert refusal is None
            if refusal:
                assert 0 < refusal.retry_after_s <= 5
            else:
                self.open[operation] += 1

    @precondition(lambda self: any(self.open.values()))
    @rule(data=st.data(), late=st.booleans(), after_s=st.floats(0, 1))
    def some_are_answered(self, data, late, after_s):
        operation = data.draw(st.sampled_from([o for o in "abc" if self.open[o]]))
        for _ in range(data.draw(st.integers(1, self.open[operation]))):
            self.clock.now_s += after_s
            self.shedding.leave(operation, late=late)
            self.open[operation] -= 1

    @invariant()
    def it_knows_what_is_in_flight(self):
        assert self.shedding.in_flight == sum(self.open.values())

    @invariant()
    def after_a_time_without_backlog_nothing_is_held_against_anybody(self):
        if any(self.open.values()):
            return
        self.clock.now_s += 2 * self.options.span_s + 1
        for _ in range(self.options.floor + 2):
            assert self.shedding.enter("a", 0.001) is None
        for _ in range(self.options.floor + 2):
            self.shedding.leave("a", late=False)


TestAnyCalls = Calls.TestCase

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from shop.common.peer import RetryBudget, RetryBudgetOptions

WINDOW_S, SLICE_S = 10.0, 1.0


class BudgetMachine(RuleBasedStateMachine):
    """Calls and attempts to spend, in any order and at any time."""

    @initialize(ratio=st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0]), reserve=st.integers(0, 5))
    def start(self, ratio, reserve):
        self.options = RetryBudgetOptions(ratio, WINDOW_S, reserve)
        self.budget = RetryBudget(self.options)
        self.now_s = 1000.0
        self.calls: list[float] = []
        self.spent: list[float] = []

    @rule(eighths=st.integers(1, 90))
    def time_passes(self, eighths):
        self.now_s += eighths / 8

    @rule(count=st.integers(1, 30))
    def calls_are_made(self, count):
        for _ in range(count):
            self.budget.count_call(self.now_s)
            self.calls.append(self.now_s)

    @rule(count=st.integers(1, 10))
    def all_is_spent_that_may_be(self, count):
        for _ in range(count):
            left = self.budget.left(self.now_s)
            assert self.budget.spend(self.now_s) == (left > 0)
            if left:
                self.spent.append(self.now_s)
                assert self.budget.left(self.now_s) == left - 1

    @invariant()
    def what_was_spent_in_a_window_is_never_more_than_its_calls_allow(self):
        # The window moves in slices: it surely holds what is younger than all of them but one.
        for now_s in self.spent:
            spent = sum(now_s - WINDOW_S + SLICE_S < at_s <= now_s for at_s in self.spent)
            calls = sum(now_s - WINDOW_S < at_s <= now_s for at_s in self.calls)
            assert spent <= max(self.options.reserve, self.options.ratio * calls)

    @invariant()
    def the_reserve_is_there_again_after_a_window_without_calls(self):
        if all(at_s <= self.now_s - WINDOW_S for at_s in self.spent):
            assert self.budget.left(self.now_s) >= self.options.reserve

    @invariant()
    def what_is_left_is_never_less_than_nothing(self):
        assert self.budget.left(self.now_s) >= 0

    @invariant()
    def it_is_spent_when_nothing_is_left(self):
        assert self.budget.is_spent(self.now_s) == (self.budget.left(self.now_s) < 1)


BudgetMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestBudgetMachine = BudgetMachine.TestCase


@given(rate=st.integers(5, 50), greed=st.integers(1, 3))
@settings(max_examples=15, deadline=None)
def test_when_every_call_fails_for_long_the_extra_load_stays_within_the_ratio(rate, greed):
    budget = RetryBudget(RetryBudgetOptions(ratio=0.2, window_s=10.0, reserve=10))
    calls = extra = 0
    for turn in range(rate * 60):
        budget.count_call(turn / rate)
        calls += 1
        extra += sum(budget.spend(turn / rate) for _ in range(greed))
    # Never more than 20 %; one slice of seven windows may be counted twice.
    assert extra <= 0.2 * calls * (1 + 1 / 10) + 10
    assert extra >= 0.15 * calls


def test_who_seldom_calls_can_retry_all_the_same():
    budget = RetryBudget(RetryBudgetOptions(ratio=0.2, reserve=3))
    budget.count_call(0.0)
    assert [budget.spend(0.0) for _ in range(4)] == [True, True, True, False]


def test_what_was_spent_is_earned_again_as_it_leaves_the_window():
    budget = RetryBudget(RetryBudgetOptions(ratio=0.2, window_s=10.0, reserve=2))
    assert budget.spend(0.0)
    assert budget.spend(5.0)
    left = [budget.left(at_s) for at_s in (5.0, 9.5, 10.5, 14.5, 15.5)]
    assert left == [0, 0, 1, 1, 2]
    assert all(before <= after for before, after in pairwise(left))


def test_what_only_saves_time_leaves_half_to_what_saves_a_call():
    budget = RetryBudget(RetryBudgetOptions(ratio=0.0, reserve=5))
    assert [budget.spend_spare(0.0) for _ in range(4)] == [True, True, True, False]
    assert [budget.spend(0.0) for _ in range(3)] == [True, True, False]
    assert not budget.spend_spare(0.0)


def test_without_ratio_and_reserve_there_is_never_any():
    budget = RetryBudget(RetryBudgetOptions(ratio=0.0, reserve=0))
    for _ in range(100):
        budget.count_call(0.0)
    assert not budget.spend(0.0)


@pytest.mark.parametrize("wrong", [{"ratio": -0.1}, {"reserve": -1}])
def test_a_budget_below_nothing_is_refused(wrong):
    with pytest.raises(ValueError, match="not negative"):
        RetryBudgetOptions(**wrong)

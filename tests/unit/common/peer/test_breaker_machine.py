"""The breaker against a model that remembers everything: begun, ended and given up in any order."""

from dataclasses import dataclass, field
from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from shop.common.peer import Breaker, BreakerOptions, Outcome, State

WINDOW_S, SLICE_S = 10.0, 1.0
SLOW_S, QUICK_S = 2.0, 1.999


@dataclass
class Model:
    options: BreakerOptions
    now_s: float = 1000.0
    state: State = State.CLOSED
    era: int = 0
    ended: list[tuple[float, bool, bool]] = field(default_factory=list)  # when, failed, slow
    probing: int = 0
    passed: int = 0
    in_a_row: int = 0
    doublings: int = 0
    closed_at_s: float = float("-inf")
    open_until_s: float = 0.0

    def admits(self) -> bool:
        if self.state is State.OPEN:
            return self.now_s >= self.open_until_s
        return self.state is State.CLOSED or self.probing + self.passed < self.options.probes

    def begin(self) -> int:
        if self.state is State.OPEN:
            self._become(State.HALF_OPEN)
        self.probing += self.state is State.HALF_OPEN
        return self.era

    def end(self, era: int, outcome: Outcome, slow: bool) -> None:
        if era != self.era:
            return
        bad = outcome is Outcome.FAILURE or (outcome is Outcome.SUCCESS and slow)
        if self.state is State.HALF_OPEN:
            self.probing -= 1
            self.passed += outcome is Outcome.SUCCESS and not slow
            if bad:
                self._open(self.doublings + 1)
            elif self.passed == self.options.probes:
                self._become(State.CLOSED)
                self.closed_at_s, self.ended = self.now_s, []
        elif outcome is not Outcome.DROPPED:
            self.ended.append((self.now_s, outcome is Outcome.FAILURE, slow))
            self.in_a_row = self.in_a_row + 1 if outcome is Outcome.FAILURE else 0
            if bad and (self._too_many() or self.in_a_row >= self.options.consecutive_failures):
                again = self.now_s - self.closed_at_s < WINDOW_S
                self._open(self.doublings + 1 if again else 0)

    def longest_s(self) -> float:
        return min(self.options.open_max_s, self.options.open_first_s * 2.0**self.doublings)

    def _too_many(self) -> bool:
        first = self.now_s // SLICE_S - WINDOW_S / SLICE_S + 1
        lately = [each for each in self.ended if each[0] // SLICE_S >= first]
        failed, slow = sum(each[1] for each in lately), sum(each[2] for each in lately)
        return len(lately) >= self.options.minimum_calls and (
            failed >= self.options.failure_rate * len(lately)
            or slow >= self.options.slow_call_rate * len(lately)
        )

    def _open(self, doublings: int) -> None:
        self.doublings = doublings
        self._become(State.OPEN)

    def _become(self, state: State) -> None:
        self.state = state
        self.era += 1
        self.probing = self.passed = self.in_a_row = 0


class BreakerMachine(RuleBasedStateMachine):
    @initialize(
        minimum=st.integers(1, 6),
        failure_rate=st.sampled_from([0.01, 0.25, 0.5, 1.0]),
        slow_call_rate=st.sampled_from([0.3, 0.8, 1.0]),
        in_a_row=st.integers(1, 8),
        probes=st.integers(1, 4),
        seed=st.integers(),
    )
    def start(self, minimum, failure_rate, slow_call_rate, in_a_row, probes, seed):
        options = BreakerOptions(
            window_s=WINDOW_S,
            minimum_calls=minimum,
            failure_rate=failure_rate,
            consecutive_failures=in_a_row,
            slow_call_s=SLOW_S,
            slow_call_rate=slow_call_rate,
            open_first_s=1.0,
            open_max_s=5.0,
            probes=probes,
        )
        self.model = Model(options)
        self.told: list[State] = []
        self.calls: list[tuple[int, int]] = []  # what the breaker and what the model gave
        self.breaker = Breaker(
            options,
            rng=Random(seed),
            on_change=lambda _before, after, _why: self.told.append(after),
        )

    @rule(eighths=st.integers(1, 100))
    def time_passes(self, eighths):
        self.model.now_s += eighths / 8

    @precondition(lambda self: self.model.state is State.OPEN)
    @rule()
    def the_open_time_passes(self):
        self.model.now_s = max(self.model.now_s, self.model.open_until_s)

    @precondition(lambda self: self.model.admits())
    @rule()
    def a_call_begins(self):
        self.calls.append((self.breaker.begin(self.model.now_s), self.model.begin()))

    @precondition(lambda self: self.calls)
    @rule(data=st.data(), outcome=st.sampled_from(Outcome), slow=st.booleans())
    def a_call_ends(self, data, outcome, slow):
        which = data.draw(st.integers(0, len(self.calls) - 1))
        self._end(which, outcome, slow)

    @rule(outcome=st.sampled_from([Outcome.FAILURE, Outcome.SUCCESS]), slow=st.booleans())
    def several_calls_begin_and_end_in_the_same_way(self, outcome, slow):
        for _ in range(self.model.options.minimum_calls):
            if self.model.admits():
                self.a_call_begins()
                self._end(len(self.calls) - 1, outcome, slow)

    @invariant()
    def it_is_in_the_state_that_follows_from_what_happened(self):
        assert self.breaker.state is self.model.state
        assert self.model.era == len(self.told)

    @invariant()
    def it_admits_what_it_should(self):
        assert self.breaker.admits(self.model.now_s) == self.model.admits()

    @invariant()
    def never_are_more_probes_in_flight_than_allowed(self):
        if self.breaker.state is State.HALF_OPEN:
            probing = sum(era == self.model.era for _, era in self.calls)
            assert probing == self.model.probing <= self.model.options.probes

    @invariant()
    def it_says_when_to_come_again(self):
        open_s = self.model.open_until_s - self.model.now_s
        expected_s = max(0.0, open_s) if self.model.state is State.OPEN else 0.0
        assert self.breaker.retry_after_s(self.model.now_s) == expected_s

    def teardown(self):
        if not hasattr(self, "model"):
            return
        # Given up, not ended well: what is in flight may never be of any help.
        while self.calls:
            self._end(0, Outcome.DROPPED, slow=True)
        self.model.now_s += self.model.options.open_max_s
        for _ in range(self.model.options.probes):
            assert self.breaker.admits(self.model.now_s)
            self.breaker.end(
                self.breaker.begin(self.model.now_s), Outcome.SUCCESS, 0.0, self.model.now_s
            )
        assert self.breaker.state is State.CLOSED

    def _end(self, which: int, outcome: Outcome, slow: bool) -> None:
        given, era = self.calls.pop(which)
        before = self.model.state
        took_s = SLOW_S if slow else QUICK_S
        self.model.end(era, outcome, slow)
        self.breaker.end(given, outcome, took_s, self.model.now_s)
        if self.model.state is State.OPEN and before is not State.OPEN:
            self._see_how_long_it_is_open()

    def _see_how_long_it_is_open(self) -> None:
        open_s = self.breaker.retry_after_s(self.model.now_s)
        assert self.model.longest_s() / 2 - 1e-9 <= open_s <= self.model.longest_s() + 1e-9
        self.model.open_until_s = self.breaker._opens_until_s


BreakerMachine.TestCase.settings = settings(max_examples=50, stateful_step_count=40, deadline=None)
TestBreakerAgainstItsModel = BreakerMachine.TestCase

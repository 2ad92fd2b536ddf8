"""The rate of each caller, over one instance and over several."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.common.rate import Limiter, Rate

RATE = Rate(per_s=10, burst=40)


class HandClock:
    """Seconds that go by only when they are told to."""

    def __init__(self):
        self.now_s = 1000.0

    def __call__(self):
        return self.now_s

    def advance(self, by_s):
        self.now_s += by_s


class SharedLedger:
    """What several instances have let in; it answers when it is told to."""

    away_s = 0.0

    def __init__(self, clock):
        self._clock = clock
        self._due_s = {}
        self._answers = []
        self.settled = []

    def settle(self, caller, spent_s, told):
        now_s = self._clock()
        self._due_s[caller] = max(self._due_s.get(caller, 0.0), now_s) + spent_s
        self.settled.append((caller, spent_s))
        self._answers.append((caller, told))

    def answer(self):
        answers, self._answers = self._answers, []
        for caller, told in answers:
            told(self._due_s[caller] - self._clock())


class Away:
    """A ledger that never answers."""

    away_s = 1.0

    def settle(self, *_):
        pass


@pytest.fixture
def clock():
    return HandClock()


def let_in(limiter, caller, tries):
    return sum(not limiter.spend(caller) for _ in range(tries))


def test_a_burst_is_let_in_at_once_and_then_the_rate(clock):
    limiter = Limiter(RATE, clock=clock)
    assert let_in(limiter, "a", 100) == 40
    clock.advance(1.0)
    assert let_in(limiter, "a", 100) == 10
    clock.advance(1000.0)
    assert let_in(limiter, "a", 100) == 40


def test_who_is_refused_is_told_when_to_come_back(clock):
    limiter = Limiter(RATE, clock=clock)
    let_in(limiter, "a", 40)
    wait_s = limiter.spend("a")
    assert wait_s == pytest.approx(0.1)
    clock.advance(wait_s + 1e-6)
    assert limiter.spend("a") == 0.0


def test_refused_requests_cost_nothing(clock):
    limiter = Limiter(RATE, clock=clock)
    let_in(limiter, "a", 10_000)
    clock.advance(1.0)
    assert let_in(limiter, "a", 10_000) == 10


def test_a_caller_is_not_punished_for_another(clock):
    limiter = Limiter(RATE, clock=clock)
    let_in(limiter, "a", 1000)
    assert let_in(limiter, "b", 100) == 40


def test_what_is_given_back_can_be_spent_again(clock):
    limiter = Limiter(RATE, clock=clock)
    let_in(limiter, "a", 40)
    limiter.give_back("a")
    limiter.give_back("nobody")
    assert let_in(limiter, "a", 10) == 1


def test_the_ledger_is_told_a_chunk_at_a_time(clock):
    ledger = SharedLedger(clock)
    limiter = Limiter(RATE, ledger, clock)
    let_in(limiter, "a", 4)
    assert ledger.settled == []
    let_in(limiter, "a", 1)
    assert ledger.settled == [("a", pytest.approx(0.5))]


@given(
    st.integers(2, 6),
    st.lists(st.tuples(st.integers(0, 5), st.integers(1, 30), st.floats(0, 1)), max_size=60),
)
def test_all_instances_together_let_in_the_burst_the_rate_and_a_chunk_each(instances, rounds):
    clock = HandClock()
    ledger = SharedLedger(clock)
    limiters = [Limiter(RATE, ledger, clock) for _ in range(instances)]
    total, began_s = 0, clock()
    for which, tries, then_s in rounds:
        for _ in range(tries):
            total += let_in(limiters[which % instances], "a", 1)
            ledger.answer()
        bound = RATE.burst + RATE.per_s * (clock() - began_s) + instances * RATE.chunk
        assert total <= bound + 1e-6
        clock.advance(then_s)


@given(st.lists(st.integers(0, 2), max_size=100))
def test_a_caller_who_keeps_to_the_rate_is_never_refused(turns):
    clock = HandClock()
    ledger = SharedLedger(clock)
    limiters = [Limiter(RATE, ledger, clock) for _ in range(3)]
    for which in turns:
        assert limiters[which].spend("a") == 0.0
        ledger.answer()
        clock.advance(0.1)


class Late:
    """A ledger that counts a chunk when it is told, and answers any time later, or never."""

    away_s = 0.0

    def __init__(self, clock):
        self._clock = clock
        self._due_s = 0.0
        self.answers = []

    def settle(self, _, spent_s, told):
        now_s = self._clock()
        self._due_s = max(self._due_s, now_s) + spent_s
        self.answers.append((told, self._due_s - now_s))

    def answer(self):
        told, ahead_s = self.answers.pop(0)
        told(ahead_s)

    def lose(self):
        del self.answers[0]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 60),
            st.floats(0, 20),
            st.lists(st.sampled_from(["answer", "lose"]), max_size=8),
        ),
        max_size=60,
    )
)
def test_who_keeps_to_the_rate_is_let_in_whenever_the_ledger_answers(rounds):
    """But for the chunk that it is not told of yet, a burst is a burst."""
    clock = HandClock()
    ledger = Late(clock)
    limiter = Limiter(RATE, ledger, clock)
    kept_to = Limiter(Rate(RATE.per_s, RATE.burst - RATE.chunk), clock=clock)
    for tries, then_s, answers in rounds:
        for _ in range(tries):
            if kept_to.spend("a") == 0.0:
                assert limiter.spend("a") == 0.0
        clock.advance(then_s)
        for answer in answers[: len(ledger.answers)]:
            getattr(ledger, answer)()


def test_callers_who_would_be_refused_now_are_known(clock):
    limiter = Limiter(RATE, clock=clock)
    assert limiter.over() == 0
    for caller, tries in {"a": 100, "b": 40, "c": 39}.items():
        let_in(limiter, caller, tries)
    assert limiter.over() == 2
    clock.advance(0.2)
    assert limiter.over() == 0


def test_an_instance_hears_what_the_others_have_let_in(clock):
    ledger = SharedLedger(clock)
    one, other = Limiter(RATE, ledger, clock), Limiter(RATE, ledger, clock)
    let_in(one, "a", 40)
    assert let_in(other, "a", RATE.chunk) == RATE.chunk  # it knows nothing yet
    ledger.answer()
    assert other.spend("a") > 0


def test_while_the_ledger_is_away_each_instance_counts_alone(clock):
    one, other = Limiter(RATE, Away(), clock), Limiter(RATE, Away(), clock)
    assert [let_in(one, "a", 100), let_in(other, "a", 100)] == [40, 40]


def test_callers_without_number_take_no_memory_without_bound(clock):
    limiter = Limiter(RATE, clock=clock, most=100)
    for number in range(100_000):
        limiter.spend(f"caller-{number}")
    assert len(limiter) <= 100


def test_who_owes_nothing_is_forgotten_first(clock):
    limiter = Limiter(RATE, clock=clock, most=10)
    for number in range(9):
        limiter.spend(f"quiet-{number}")
    clock.advance(0.2)
    let_in(limiter, "loud", 40)
    for number in range(9):
        limiter.spend(f"new-{number}")
        clock.advance(0.2 / 9)
    assert let_in(limiter, "loud", 40) <= 4  # what came back meanwhile

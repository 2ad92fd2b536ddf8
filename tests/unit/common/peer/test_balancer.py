"""Balancers, by a service whose instances take as long as a test says, on a clock of its own."""

import heapq
from collections import Counter
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from shop.common.peer import (
    Balancer,
    Breaker,
    Endpoint,
    Instance,
    LeastOutstanding,
    LoadOptions,
    Outcome,
    PeakEwmaBalancer,
    RoundRobin,
)

QUICK_S, SLOW_S = 0.01, 0.5
OPTIONS = LoadOptions(initial_s=QUICK_S, warm_up_s=5.0)
ALL = [RoundRobin, LeastOutstanding, PeakEwmaBalancer]


def endpoint(
    number: int, now_s: float = 0.0, warm: bool = True, load: LoadOptions = OPTIONS
) -> Endpoint:
    instance = Instance("product", f"p{number}", f"http://h:{number}")
    return Endpoint(instance, Breaker(), load, now_s=now_s, initial_s=load.initial_s, warm=warm)


class Service:
    """Calls that come at random moments; what one takes is said by the test, per instance."""

    def __init__(self, balancer: Balancer, count: int, per_s: float = 200.0) -> None:
        self.endpoints = [endpoint(number) for number in range(count)]
        self.took_s: dict[int, Callable[[], float]] = {}
        self.failing: set[int] = set()
        self.now_s = 0.0
        self._balancer = balancer
        self._rng = Random(7)
        self._per_s = per_s
        self._due: list[tuple[float, int, int, tuple[int, int, float]]] = []
        self._made = 0

    def run(self, calls: int) -> Counter[int]:
        """Make so many calls; return how many went to each instance."""
        taken = Counter[int]()
        for _ in range(calls):
            self.now_s += self._rng.expovariate(self._per_s)
            self._answer()
            taken[self._call()] += 1
        return taken

    def share(self, calls: int, number: int) -> float:
        return self.run(calls)[number] / calls

    def _call(self) -> int:
        chosen = self._balancer.pick(self.endpoints, self.now_s)
        number = self.endpoints.index(chosen)
        takes_s = self.took_s.get(number, lambda: self._rng.uniform(0.5, 1.5) * QUICK_S)()
        self._made += 1
        due = (self.now_s + takes_s, self._made, number, chosen.begin(self.now_s))
        heapq.heappush(self._due, due)
        return number

    def _answer(self) -> None:
        while self._due and self._due[0][0] <= self.now_s:
            at_s, _, number, ticket = heapq.heappop(self._due)
            outcome = Outcome.FAILURE if number in self.failing else Outcome.SUCCESS
            self.endpoints[number].end(ticket, outcome, at_s)


@pytest.fixture
def service() -> Service:
    return Service(PeakEwmaBalancer(Random(1)), 3)


@pytest.mark.parametrize("kind", ALL)
def test_with_the_same_randomness_the_same_is_chosen(kind):
    first, second = (Service(kind(Random(5)), 4).run(500) for _ in range(2))
    assert first == second
    orders = [Service(kind(Random(seed)), 4).run(7) for seed in range(10)]
    assert any(each != orders[0] for each in orders)


@pytest.mark.parametrize("kind", ALL)
def test_instances_that_do_alike_get_alike(kind):
    taken = Service(kind(Random(1)), 4).run(8000)
    assert all(0.2 < taken[number] / 8000 < 0.3 for number in range(4))


@pytest.mark.parametrize("kind", [LeastOutstanding, PeakEwmaBalancer])
def test_of_two_it_takes_the_one_with_less_to_do(kind):
    busy, idle = endpoint(0), endpoint(1)
    for _ in range(3):
        busy.begin(0.0)
    assert {kind(Random(seed)).pick([busy, idle], 0.0) for seed in range(50)} == {idle}


def test_least_outstanding_does_not_look_at_latency():
    slow, quick = endpoint(0), endpoint(1)
    slow.end(slow.begin(0.0), Outcome.SUCCESS, 5.0)
    quick.begin(5.0)
    assert LeastOutstanding(Random(1)).pick([slow, quick], 5.0) is slow


def test_the_share_of_an_instance_that_becomes_slow_falls_below_a_twentieth(service):
    assert service.share(1000, 0) > 0.25
    service.took_s[0] = lambda: SLOW_S
    service.run(200)
    assert service.share(5000, 0) < 0.05


def test_one_that_is_quick_again_gets_its_share_again(service):
    service.took_s[0] = lambda: SLOW_S
    service.run(1000)
    del service.took_s[0]
    service.run(12_000)
    assert service.share(3000, 0) > 0.25


@pytest.mark.parametrize("per_s", [5.0, 50.0, 500.0])
def test_one_that_fails_at_once_is_left_within_a_few_calls(per_s):
    service = Service(PeakEwmaBalancer(Random(1)), 3, per_s)
    service.run(1000)
    service.failing, service.took_s = {0}, {0: lambda: 0.0001}
    assert service.run(int(per_s * 5))[0] <= 4


def test_one_that_hangs_is_left_though_not_one_of_its_calls_has_ended(service):
    service.run(1000)
    service.took_s[0] = lambda: 1e9
    assert service.run(2000)[0] <= 15
    assert service.share(2000, 0) < 0.01


def test_of_the_first_instances_none_waits_until_the_others_are_busy():
    usual = [endpoint(number, load=LoadOptions()) for number in range(3)]
    quick = Service(PeakEwmaBalancer(Random(1)), 3, per_s=20.0)
    quick.endpoints, quick.took_s = usual, {number: lambda: 0.002 for number in range(3)}
    taken = quick.run(300)
    assert all(taken[number] > 50 for number in range(3))


def test_the_longer_calls_hang_the_more_time_is_expected():
    hung = endpoint(0)
    hung.begin(0.0)
    hung.begin(3.0)
    assert [hung.estimate_s(at_s) for at_s in (0.0, 3.0, 8.0)] == pytest.approx([QUICK_S, 3.0, 8.0])


def test_a_new_instance_gets_a_share_that_grows_and_is_never_flooded(service):
    service.run(1000)
    service.endpoints.append(endpoint(3, service.now_s, warm=False))
    # A second is 200 calls; of these, 50 are its share once it is warm.
    shares = [service.share(200, 3) for _ in range(10)]
    assert shares[0] < 0.1
    assert all(share < 0.25 + 0.08 for share in shares)
    assert sum(shares[:2]) < sum(shares[2:4]) < sum(shares[6:8])
    assert sum(shares[5:]) / 5 > 0.18


def test_even_a_new_instance_that_is_faster_than_all_others_is_not_flooded(service):
    service.took_s = {0: lambda: 0.1, 1: lambda: 0.1, 2: lambda: 0.1, 3: lambda: 0.0001}
    service.run(1000)
    service.endpoints.append(endpoint(3, service.now_s, warm=False))
    # Half of all draws of two name it: of these it first gets a tenth.
    assert service.share(100, 3) < 0.15


@pytest.mark.parametrize("late", [1, 9])
def test_many_that_are_new_at_once_leave_no_call_without_an_instance(late):
    service = Service(PeakEwmaBalancer(Random(1)), 1)
    service.run(100)
    service.endpoints += [endpoint(number + 1, service.now_s, warm=False) for number in range(late)]
    taken = service.run(3000)
    assert set(taken) == set(range(late + 1))


# Whole milliseconds: what differs by less than that could be the same once taken from a time.
@given(took_ms=st.lists(st.integers(1, 9000), min_size=2, max_size=6), seed=st.integers())
@settings(max_examples=40, deadline=None)
def test_the_worst_of_all_is_never_chosen_from_a_standstill(took_ms, seed):
    took_s = [each / 1000 for each in took_ms]
    known = [endpoint(number) for number in range(len(took_s))]
    for each, took in zip(known, took_s, strict=True):
        each.end(each.begin(10.0 - took), Outcome.SUCCESS, 10.0)
    if took_s.count(max(took_s)) == 1:
        worst = known[took_s.index(max(took_s))]
        balancer = PeakEwmaBalancer(Random(seed))
        assert all(balancer.pick(known, 10.0) is not worst for _ in range(30))


class BalancerMachine(RuleBasedStateMachine):
    """Calls that begin and end in any order, instances that come and go."""

    @initialize(kind=st.sampled_from(ALL), seed=st.integers(), count=st.integers(1, 4))
    def start(self, kind, seed, count):
        self.balancer = kind(Random(seed))
        self.now_s = 0.0
        self.made = count
        self.members = [endpoint(number) for number in range(count)]
        self.calls: list[tuple[Endpoint, tuple[int, int, float]]] = []

    @rule(s=st.floats(0.0, 20.0))
    def time_passes(self, s):
        self.now_s += s

    @rule(count=st.integers(1, 10))
    def calls_begin(self, count):
        for _ in range(count):
            chosen = self.balancer.pick(self.members, self.now_s)
            assert chosen in self.members
            self.calls.append((chosen, chosen.begin(self.now_s)))

    @precondition(lambda self: self.calls)
    @rule(data=st.data(), outcome=st.sampled_from(Outcome))
    def a_call_ends(self, data, outcome):
        chosen, ticket = self.calls.pop(data.draw(st.integers(0, len(self.calls) - 1)))
        expected_s = self.now_s - ticket[2]
        assert chosen.end(ticket, outcome, self.now_s) == expected_s

    @rule()
    def an_instance_comes(self):
        self.members.append(endpoint(self.made, self.now_s, warm=False))
        self.made += 1

    @precondition(lambda self: len(self.members) > 1)
    @rule(data=st.data())
    def an_instance_goes(self, data):
        self.members.pop(data.draw(st.integers(0, len(self.members) - 1)))

    @invariant()
    def what_is_outstanding_is_what_has_not_ended(self):
        on_their_way = Counter(id(chosen) for chosen, _ in self.calls)
        for each in {*self.members, *(chosen for chosen, _ in self.calls)}:
            assert each.outstanding == on_their_way[id(each)]

    @invariant()
    def estimates_are_never_below_nothing_nor_below_what_a_call_has_waited(self):
        for each in self.members:
            waited_s = [self.now_s - ticket[2] for chosen, ticket in self.calls if chosen is each]
            assert each.estimate_s(self.now_s) >= max(waited_s, default=0.0)
            assert 0.1 <= each.warmth(self.now_s) <= 1.0

    def teardown(self):
        for chosen, ticket in getattr(self, "calls", ()):
            chosen.end(ticket, Outcome.DROPPED, self.now_s)
        assert all(each.outstanding == 0 for each in getattr(self, "members", ()))


BalancerMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestBalancerMachine = BalancerMachine.TestCase

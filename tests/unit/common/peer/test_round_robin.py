from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from shop.common.peer import Instance, RoundRobin


def instances(count: int) -> list[Instance]:
    return [Instance("product", f"p{n}", f"http://h:{n}") for n in range(count)]


@given(count=st.integers(1, 20), rounds=st.integers(1, 10), seed=st.integers())
def test_every_instance_has_its_turn_equally_often(count, rounds, seed):
    balancer, known = RoundRobin(Random(seed)), instances(count)
    turns = Counter(balancer.pick(known).id for _ in range(count * rounds))
    assert set(turns.values()) == {rounds}
    assert len(turns) == count


@given(count=st.integers(2, 20), data=st.data())
def test_those_to_avoid_are_passed_over_while_there_are_others(count, data):
    known = instances(count)
    avoid = data.draw(st.lists(st.sampled_from(known), max_size=count - 1))
    balancer = RoundRobin(Random(1))
    for _ in range(count):
        balancer.pick(known)
        assert balancer.pick(known, avoid) not in avoid


def test_one_to_avoid_is_taken_when_there_is_no_other():
    (only,) = instances(1)
    assert RoundRobin().pick([only], avoid=[only]) is only


def test_clients_that_start_together_do_not_all_start_with_the_same_instance():
    known = instances(4)
    first = Counter(RoundRobin(Random(seed)).pick(known).id for seed in range(100))
    assert len(first) == 4


@given(count=st.integers(2, 10), seed=st.integers())
def test_the_calls_of_a_dead_instance_are_spread_evenly_over_the_others(count, seed):
    balancer, known = RoundRobin(Random(seed)), instances(count)
    dead, first, second = known[0], Counter[str](), Counter[str]()
    for _ in range(count * (count - 1)):
        chosen = balancer.pick(known)
        first[chosen.id] += 1
        if chosen is dead:
            second[balancer.pick(known, avoid=[dead]).id] += 1
    assert set(first.values()) == {count - 1}
    assert second == Counter({each.id: 1 for each in known[1:]})

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from shop.common.peer import Breaker, Endpoint, Instance, LoadOptions, RoundRobin

NOW_S = 0.0


def endpoints(count: int) -> list[Endpoint]:
    return [
        Endpoint(
            Instance("product", f"p{n}", f"http://h:{n}"),
            Breaker(),
            LoadOptions(),
            now_s=NOW_S,
            initial_s=0.05,
            warm=True,
        )
        for n in range(count)
    ]


@given(count=st.integers(1, 20), rounds=st.integers(1, 10), seed=st.integers())
def test_every_instance_has_its_turn_equally_often(count, rounds, seed):
    balancer, known = RoundRobin(Random(seed)), endpoints(count)
    turns = Counter(balancer.pick(known, NOW_S).instance.id for _ in range(count * rounds))
    assert set(turns.values()) == {rounds}
    assert len(turns) == count


def test_clients_that_start_together_do_not_all_start_with_the_same_instance():
    known = endpoints(4)
    first = Counter(RoundRobin(Random(seed)).pick(known, NOW_S).instance.id for seed in range(100))
    assert len(first) == 4


@given(count=st.integers(2, 10), seed=st.integers())
def test_the_calls_of_a_dead_instance_are_spread_evenly_over_the_others(count, seed):
    balancer, known = RoundRobin(Random(seed)), endpoints(count)
    dead, first, second = known[0], Counter[str](), Counter[str]()
    for _ in range(count * (count - 1)):
        chosen = balancer.pick(known, NOW_S)
        first[chosen.instance.id] += 1
        if chosen is dead:
            second[balancer.pick(known[1:], NOW_S).instance.id] += 1
    assert set(first.values()) == {count - 1}
    assert second == Counter({each.instance.id: 1 for each in known[1:]})

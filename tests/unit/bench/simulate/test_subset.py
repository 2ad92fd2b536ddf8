from collections import Counter

from bench.simulate.subset import subset

INSTANCES = range(100)


def test_every_instance_has_as_many_clients_as_any_other():
    known = Counter(each for client in range(30) for each in subset(INSTANCES, client, 20))
    assert set(known.values()) == {6}


def test_a_client_is_given_the_same_ones_each_time_each_of_them_once():
    mine = subset(INSTANCES, 17, 20)
    assert mine == subset(INSTANCES, 17, 20)
    assert len(set(mine)) == 20


def test_few_instances_are_all_given():
    assert sorted(subset(range(7), 3, 20)) == list(range(7))

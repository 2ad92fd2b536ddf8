from random import Random

import pytest

from shop.common.peer import (
    Breaker,
    BreakerOptions,
    FixedResolver,
    LoadOptions,
    Outcome,
    PeerListener,
    State,
)
from shop.common.peer.picker import Picker
from shop.common.peer.pool import Pool


class First:
    """Chooses the first one, so that nothing is left to chance."""

    def pick(self, endpoints, _now_s):
        return endpoints[0]


def opened(breaker: Breaker) -> None:
    breaker.end(breaker.begin(0.0), Outcome.FAILURE, 0.1, 0.0)
    assert breaker.state is State.OPEN


@pytest.fixture
def pool() -> Pool:
    options = BreakerOptions(consecutive_failures=1, open_first_s=1.0)
    return Pool("p", options, LoadOptions(), PeerListener(), Random(1))


@pytest.fixture
def picker(pool) -> Picker:
    resolver = FixedResolver.parse("p=http://a:1,p=http://b:1,p=http://c:1")
    picker = Picker("p", resolver, pool, First(), None)
    picker.pick((), 0.0)
    return picker


def test_one_that_waits_for_a_probe_goes_first_but_not_where_it_should_be_quick(pool, picker):
    ill, well, last = pool.endpoints
    opened(ill.breaker)
    assert picker.pick((), 0.1) is well
    assert picker.pick((), 5.0) is ill
    assert picker.pick((), 5.0, may_probe=False) is well
    assert picker.pick((ill, well), 5.0) is last


def test_one_probe_is_sent_at_a_time_and_the_other_calls_go_elsewhere(pool, picker):
    ill, well, last = pool.endpoints
    opened(ill.breaker)
    ticket = ill.begin(5.0)
    assert picker.pick((), 5.0) is well
    assert picker.pick((well,), 5.0) is last
    ill.end(ticket, Outcome.SUCCESS, 5.1)
    assert picker.pick((), 5.1) is ill


def test_where_nobody_else_is_left_several_probes_go_at_once(pool, picker):
    ill, well, last = pool.endpoints
    for each in pool.endpoints:
        opened(each.breaker)
    tickets = [each.begin(5.0) for each in (ill, well, last)]
    assert picker.pick((), 5.0) is ill
    assert picker.pick((ill, well), 5.0) is last
    tickets += [ill.begin(5.0), ill.begin(5.0)]
    assert picker.pick((), 5.0) is well
    assert picker.has_fresh((well,), 5.0)
    assert not picker.has_fresh((well, last), 5.0)

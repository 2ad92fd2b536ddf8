from random import Random

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


def test_one_that_waits_for_a_probe_goes_first_but_not_where_it_should_be_quick():
    resolver = FixedResolver.parse("p=http://a:1,p=http://b:1,p=http://c:1")
    options = BreakerOptions(consecutive_failures=1, open_first_s=1.0)
    pool = Pool("p", options, LoadOptions(), PeerListener(), Random(1))
    picker = Picker("p", resolver, pool, First(), None)
    picker.pick((), 0.0)
    ill, well, last = pool.endpoints
    opened(ill.breaker)
    assert picker.pick((), 0.1) is well
    assert picker.pick((), 5.0) is ill
    assert picker.pick((), 5.0, may_probe=False) is well
    assert picker.pick((ill, well), 5.0) is last

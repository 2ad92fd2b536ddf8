from random import Random

from hypothesis import given
from hypothesis import strategies as st

from shop.common.peer.backoff import Backoff


def test_the_ceiling_doubles_up_to_its_cap():
    backoff = Backoff(first_s=0.1, max_s=0.5)
    assert [backoff.ceiling_s(n) for n in (1, 2, 3, 4, 5)] == [0.1, 0.2, 0.4, 0.5, 0.5]


def test_a_wait_is_anything_from_nothing_to_the_ceiling():
    backoff, rng = Backoff(first_s=1.0, max_s=8.0), Random(7)
    waits = [backoff.delay_s(3, rng) for _ in range(1000)]
    assert min(waits) < 0.1
    assert max(waits) > 3.9


@given(failures=st.integers(1, 10**9), seed=st.integers())
def test_no_number_of_failures_breaks_the_cap(failures, seed):
    assert 0.0 <= Backoff(0.05, 0.5).delay_s(failures, Random(seed)) <= 0.5

"""What the garbage collector is told when a service has started."""

import gc
import weakref

import pytest

from shop.common.web.heap import keep_heap


class Node:
    """One that holds itself is garbage only to the collector."""

    def __init__(self):
        self.itself = self


@pytest.fixture(autouse=True)
def as_before():
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def test_what_is_there_is_looked_at_no_more():
    keep_heap()
    assert gc.get_freeze_count() > 10_000


def test_what_is_in_flight_sets_off_no_collection():
    keep_heap()
    before = gc.get_stats()[0]["collections"]
    in_flight = [[n] for n in range(5_000)]
    assert gc.get_stats()[0]["collections"] == before
    assert len(in_flight) == 5_000


def test_garbage_that_piles_up_is_collected_all_the_same():
    keep_heap()
    first = weakref.ref(Node())
    for _ in range(50_000):
        Node()
    assert first() is None

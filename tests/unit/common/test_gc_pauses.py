"""Pauses of the garbage collector are counted, once each."""

import gc

from shop.common import gc_pauses


def test_a_run_of_the_collector_is_counted_once():
    for _ in range(2):
        gc_pauses.watch()
    try:
        before = gc_pauses.SECONDS.count(2)
        gc.collect()
        assert gc_pauses.SECONDS.count(2) == before + 1
    finally:
        gc.callbacks.remove(gc_pauses._ran)

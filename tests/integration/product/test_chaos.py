"""The books are right whatever dies, on MongoDB."""

from collections import Counter
from datetime import timedelta

import pytest
from tests.fakes.product.chaos import Chaos, rampage
from tests.fakes.product.stores import Stores


@pytest.mark.parametrize("seed", range(4))
async def test_the_books_are_right_whatever_dies(stores: Stores, seed: int) -> None:
    lease = timedelta(seconds=0.3)
    chaos = Chaos(stores, seed, lease=lease, failing=0.1, longest_pause_s=0.02)
    faults: Counter[str] = await rampage(chaos, workers=24, steps=20)
    assert set(faults) == {"before", "after", "within", "late", "stuck"}

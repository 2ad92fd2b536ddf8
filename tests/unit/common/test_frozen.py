"""``replace``, held to what that of dataclasses does."""

import dataclasses
from dataclasses import dataclass, field

import pytest

from shop.common.frozen import replace


@dataclass(frozen=True)
class Pair:
    left: int
    right: list[int] = field(default_factory=list)


@pytest.mark.parametrize("changes", [{}, {"left": 2}, {"left": 2, "right": [3]}])
def test_it_returns_a_value_with_other_fields(changes):
    before = Pair(1, [1])
    assert replace(before, **changes) == dataclasses.replace(before, **changes)
    assert before == Pair(1, [1])


def test_what_it_returns_is_frozen_too():
    with pytest.raises(dataclasses.FrozenInstanceError):
        replace(Pair(1), left=2).left = 3

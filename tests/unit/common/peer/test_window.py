import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shop.common.peer.window import SlidingWindow

# Eighths of a second, and slices of a second: a float holds both without rounding.
STEPS = st.lists(
    st.tuples(st.integers(0, 64).map(lambda eighths: eighths / 8), st.integers(0, 2)), max_size=60
)


class Events:
    """All that ever happened, in a list."""

    def __init__(self) -> None:
        self._happened: list[tuple[float, int]] = []

    def add(self, kind: int, at_s: float) -> None:
        self._happened.append((at_s, kind))

    def younger_than(self, kind: int, age_s: float, now_s: float) -> int:
        return sum(1 for at_s, each in self._happened if each == kind and now_s - at_s < age_s)

    def in_slices(self, kind: int, slices: int, slice_s: float, now_s: float) -> int:
        first = now_s // slice_s - slices + 1
        return sum(1 for at_s, each in self._happened if each == kind and at_s // slice_s >= first)


@given(steps=STEPS, slices=st.integers(1, 12), begin_s=st.integers(0, 5000))
@settings(max_examples=60, deadline=None)
def test_it_counts_what_a_list_of_all_events_counts(steps, slices, begin_s):
    window, events, now_s = SlidingWindow(3, float(slices), slices), Events(), float(begin_s)
    for passed_s, kind in steps:
        now_s += passed_s
        window.add(kind, now_s)
        events.add(kind, now_s)
        for each in range(3):
            total = window.total(each, now_s)
            assert total == events.in_slices(each, slices, 1.0, now_s)
            assert total >= events.younger_than(each, slices - 1.0, now_s)
            assert total <= events.younger_than(each, float(slices), now_s)


@given(steps=STEPS, later_s=st.floats(10.0, 1e6))
def test_after_the_whole_window_nothing_is_left(steps, later_s):
    window, now_s = SlidingWindow(3, 10.0), 0.0
    for passed_s, kind in steps:
        now_s += passed_s
        window.add(kind, now_s)
    assert [window.total(kind, now_s + later_s) for kind in range(3)] == [0, 0, 0]


def test_what_is_forgotten_does_not_leave_a_second_time():
    window = SlidingWindow(1, 10.0)
    window.add(0, 5.0)
    window.clear()
    window.add(0, 6.0)
    assert window.total(0, 6.0) == 1
    assert window.total(0, 15.5) == 1
    assert window.total(0, 16.5) == 0


@pytest.mark.parametrize(("window_s", "slices"), [(0.0, 10), (-1.0, 10), (10.0, 0)])
def test_a_window_without_a_length_is_refused(window_s, slices):
    with pytest.raises(ValueError, match="a window has a length"):
        SlidingWindow(1, window_s, slices)

"""Ids: they sort by time, and none is made twice."""

import re
import time
from datetime import UTC, datetime, timedelta

import pytest

from shop.common import ids
from shop.common.ids import new_id


def test_an_id_names_its_kind_and_is_a_ulid_in_lower_case():
    assert re.fullmatch(r"cus_[0-7][0-9a-hjkmnp-tv-z]{25}", new_id("cus"))


def test_no_two_ids_are_the_same():
    assert len({new_id("x") for _ in range(10_000)}) == 10_000


@pytest.mark.parametrize("step_ms", [1, 31, 1000, 86_400_000, 10**12])
def test_ids_sort_by_the_time_they_were_made(monkeypatch, step_ms):
    start = time.time_ns()
    moments = [start + n * step_ms * 1_000_000 for n in range(50)]
    made = []
    for moment in moments:
        monkeypatch.setattr(ids.time, "time_ns", lambda moment=moment: moment)
        made.append(new_id("x"))
    assert made == sorted(made)


def test_the_layout_is_that_of_the_ulid_spec(monkeypatch):
    """The example of https://github.com/ulid/spec: 01ARZ3NDEKTSV4RRFFQ69G5FAV."""
    monkeypatch.setattr(ids.time, "time_ns", lambda: 1469922850259 * 1_000_000)
    random_bits = 0xD676_4C61_EFB9_9302_BD5B  # TSV4RRFFQ69G5FAV
    monkeypatch.setattr(ids, "_random", lambda: random_bits)
    assert new_id("x") == "x_01arz3ndektsv4rrffq69g5fav"


def test_an_id_tells_when_it_was_made():
    made = ids.made_at("x_01arz3ndektsv4rrffq69g5fav")
    assert made == datetime(2016, 7, 30, 23, 54, 10, 259000, UTC)
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    assert before <= ids.made_at(new_id("ord"))


@pytest.mark.parametrize(
    "other", ["", "by-hand", "ord_1", "01arz3ndektsv4rrffq69g5fav", "x_7zzzzzzzzz" + 16 * "0"]
)
def test_what_is_no_id_of_ours_tells_nothing(other):
    assert ids.made_at(other) is None

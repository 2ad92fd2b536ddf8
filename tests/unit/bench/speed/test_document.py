from dataclasses import replace

import pytest
from bench.speed import document
from bench.speed.results import Result, saved
from bench.speed.samples import Sample

ABOUT = {
    "when": "2026-01-01 00:00 UTC",
    "commit": "abc",
    "machine": "2 cores",
    "system": "Linux",
    "versions": {"wrk": "4"},
    "load": 0.1,
    "rounds": 2,
    "seconds": 2,
    "command": "python -m bench.speed growth",
}


def samples(row: str, at: int, *rates: float) -> list[Sample]:
    return [
        Sample(row, "shop", at, number, rate, 0.1, 0.2, 100.0, 10.0)
        for number, rate in enumerate(rates, 1)
    ]


GROWTH = Result(
    "growth",
    ABOUT,
    [
        *samples("list of 20, after 0", 1000, 100, 200),
        *samples("list of 20, after 0", 100_000, 90, 180),
        *samples("list of 20, after 10,000", 100_000, 80, 160),
    ],
)


def test_what_stands_between_the_markers_is_replaced_and_nothing_else():
    text = "a\n<!-- x -->\nold\n<!-- end of x -->\nb\n<!-- y -->\n<!-- end of y -->\n"
    new = document.replaced(text, "x", r"new \1")
    assert new == text.replace("old", r"new \1")


def test_a_document_without_markers_is_not_written():
    with pytest.raises(ValueError, match="<!-- x -->"):
        document.replaced("nothing", "x", "new")


def test_growth_is_held_against_the_fewest_and_depth_against_the_first_page():
    assert [line.ratio for line in document.measured(GROWTH)] == [1.0, 0.9, 0.8]


def test_a_section_says_how_it_was_measured_and_how_noisy_it_was():
    section = document.section(GROWTH)
    assert "`python -m bench.speed growth`, 2026-01-01 00:00 UTC, abc: 2 cores" in section
    assert "67%" in section
    assert "| shop | 1000 | 150 | 1.00 |" in section
    assert "](../bench/results/growth.svg)" in section


def test_workers_are_held_against_one_instance():
    one = samples("GET by id", 1, 100, 200)
    two = [replace(each, contender="shop, workers", at=2, rate=3 * each.rate) for each in one]
    result = Result("instances", ABOUT, [*one, *two])
    found = {line.contender: line.ratio for line in document.measured(result)}
    assert found == {"shop": 1.0, "shop, workers": 3.0}


def test_a_start_is_shown_by_service():
    result = Result("start", ABOUT, further={"seconds": {"customer": [1.0, 3.0, 2.0]}})
    assert "| seconds | 2.00 (1.00 to 3.00) |" in document.section(result)


def test_the_page_has_a_place_for_every_part():
    text = document.DOCUMENT.read_text()
    for part in (
        "aims",
        "reads",
        "orders",
        "reservations",
        "growth",
        "instances",
        "start",
        "profile",
    ):
        document.replaced(text, part, "")


def test_what_was_kept_comes_back(tmp_path):
    GROWTH.save(tmp_path)
    assert saved(tmp_path) == {"growth": GROWTH}

import pytest
from bench.speed.aims import AIMS, START, Aim
from bench.speed.results import Result
from bench.speed.start import IDLE_MB, STARTED_S

NOTHING = Result("any", {})

AT_LEAST = Aim("rate", 0.7, lambda _: 0.695)
AT_MOST = Aim("p99", 1.5, lambda _: 1.5, at_most=True)


def test_an_aim_shows_what_was_found_and_whether_that_is_enough():
    assert AT_LEAST.row(NOTHING) == ("rate", ">= 0.70", "0.69", "**not met**")
    assert AT_MOST.row(NOTHING) == ("p99", "<= 1.50", "1.50", "met")


@pytest.mark.parametrize("part", AIMS)
def test_what_was_not_measured_is_neither_met_nor_missed(part):
    assert {aim.row(NOTHING)[3] for aim in AIMS[part]} == {"-"}


def test_the_service_that_takes_most_is_held_against_the_aim():
    further = {
        STARTED_S: {"customer": [1.0, 1.1, 9.0], "order": [1.4, 1.2, 1.3]},
        IDLE_MB: {"customer": [70.0], "order": [81.0]},
    }
    started, idle = (aim.row(Result("start", {}, further=further)) for aim in START)
    assert started[1:] == ("<= 1.50", "1.30", "met")
    assert idle[1:] == ("<= 80.00", "81.00", "**not met**")

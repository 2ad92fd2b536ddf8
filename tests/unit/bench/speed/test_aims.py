import pytest
from bench.speed.aims import AIMS, Aim

AT_LEAST = Aim("rate", 0.7, lambda _: 0.695)
AT_MOST = Aim("p99", 1.5, lambda _: 1.5, at_most=True)


def test_an_aim_shows_what_was_found_and_whether_that_is_enough():
    assert AT_LEAST.row([]) == ("rate", ">= 0.70", "0.69", "**not met**")
    assert AT_MOST.row([]) == ("p99", "<= 1.50", "1.50", "met")


@pytest.mark.parametrize("part", AIMS)
def test_what_was_not_measured_is_neither_met_nor_missed(part):
    assert {aim.row([])[3] for aim in AIMS[part]} == {"-"}

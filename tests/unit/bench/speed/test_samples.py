from bench.speed.samples import Sample, chosen, lines, ratio, spread


def sample(contender: str, number: int, rate: float, at: int = 64, p99_ms: float = 1.0) -> Sample:
    return Sample("row", contender, at, number, rate, 0.5, p99_ms, 100.0, 10.0)


SAMPLES = [
    sample("floor", 1, 1000),
    sample("floor", 2, 500),  # something else ran on the machine
    sample("floor", 3, 1100),
    sample("shop", 1, 800, p99_ms=3.0),
    sample("shop", 2, 400, p99_ms=9.0),
    sample("shop", 3, 990, p99_ms=2.0),
]


def test_a_line_has_the_medians_of_its_rounds():
    line = lines(SAMPLES, "floor")[1]
    assert (line.contender, line.rate, line.p99_ms) == ("shop", 800, 3.0)


def test_the_ratio_is_the_median_of_those_within_a_round():
    floor, shop = lines(SAMPLES, "floor")
    assert (floor.ratio, shop.ratio) == (1.0, 0.8)


def test_the_spread_is_what_lies_between_the_extremes_in_parts_of_the_median():
    assert spread([500, 1000, 1100]) == 0.6
    assert spread([0, 0]) == 0


def test_a_round_that_the_base_lacks_does_not_count():
    base = [each for each in chosen(SAMPLES, "row", "floor", 64) if each.round != 3]
    assert ratio(chosen(SAMPLES, "row", "shop", 64), base, "rate") == 0.8


def test_there_is_no_ratio_to_what_was_not_measured():
    assert lines(SAMPLES, "somebody else")[0].ratio is None
    assert ratio([], SAMPLES, "rate") is None


def test_a_base_that_answered_nothing_gives_no_ratio():
    assert ratio([sample("shop", 1, 800)], [sample("floor", 1, 0)], "rate") is None

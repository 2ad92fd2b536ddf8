"""The judge of the soak: it finds what grows, and bears what only wavers."""

import random

from tests.soak.trend import LIMITS, growths, slope


def series(per_s: float, noise: float = 0.0, wild: float = 0.0, seed: int = 1) -> list:
    rng = random.Random(seed)
    points = []
    for second in range(0, 600, 2):
        value = 100 + per_s * second + rng.gauss(0, noise)
        points.append((float(second), value * 10 if rng.random() < wild else value))
    return points


def test_the_slope_is_that_of_the_line_whatever_single_points_do():
    assert abs(slope(series(0.5)) - 0.5) < 1e-9
    assert abs(slope(series(0.5, noise=2.0, wild=0.1)) - 0.5) < 0.05
    assert slope([(0.0, 1.0)]) == 0.0


def test_a_leak_is_found_and_said_how_much():
    (found,) = growths({"order-1": {"rss": series(0.1, noise=1.0)}})
    assert not found.flat
    assert 25 < found.grown < 35
    assert str(found).startswith("order-1: resident memory +")


def test_what_wavers_or_warms_up_is_flat():
    warm = [(at, min(value, 120.0)) for at, value in series(1.0)]
    lives = {"a": {"rss": series(0.0, noise=5.0, wild=0.05)}, "b": {"rss": warm}}
    assert [growth.flat for growth in growths(lives)] == [True, True]


def test_each_limit_can_be_passed():
    for name, limit in LIMITS.items():
        per_s = 1.2 * limit.most / 300
        assert not growths({"a": {name: series(per_s)}})[0].flat
        assert growths({"a": {name: series(per_s / 2)}})[0].flat


def test_a_life_that_was_short_says_nothing():
    assert growths({"a": {"rss": series(10.0)[:20], "fds": []}}) == []

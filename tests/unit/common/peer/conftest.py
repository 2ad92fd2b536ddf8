"""Time and chance that do what a test says."""

import asyncio
from random import Random

import pytest


class FakeClock:
    """A monotonic clock that only sleeping moves; it remembers how long was slept."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.slept_s: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    async def sleep(self, s: float) -> None:
        self.slept_s.append(s)
        self.now_s += s
        await asyncio.sleep(0)


class Longest(Random):
    """Draws the upper end of every range: the longest wait that the jitter allows."""

    def uniform(self, a: float, b: float) -> float:
        return max(a, b)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def longest() -> Random:
    return Longest()


@pytest.fixture
def patient(clock, longest):
    """What makes a client wait on the fake clock, and as long as the jitter allows."""
    return {"clock": clock, "sleep": clock.sleep, "rng": longest}

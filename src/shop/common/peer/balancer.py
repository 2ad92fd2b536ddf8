"""Which of several instances takes the next call."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from random import Random
from typing import Protocol

from .endpoint import Endpoint


class Balancer(Protocol):
    """Chooses an instance; one balancer serves one client."""

    def pick(self, endpoints: Sequence[Endpoint], now_s: float) -> Endpoint:
        """Return one of these (there is at least one); all of them may be called."""
        ...


class RoundRobin:
    """Each in its turn. The first is drawn, so that clients that start together do not march."""

    def __init__(self, rng: Random | None = None) -> None:
        self._first = (rng or Random()).randrange(2**16)  # noqa: S311
        self._turns: dict[int, int] = {}

    def pick(self, endpoints: Sequence[Endpoint], now_s: float) -> Endpoint:  # noqa: ARG002
        """Return the next one.

        Turns are counted by how many there are. If a retry, which leaves one out, took a turn of
        the others, then with one of two instances dead every call would begin with the dead one.
        """
        count = len(endpoints)
        turn = self._turns[count] = self._turns.get(count, self._first) + 1
        return endpoints[turn % count]


class PowerOfTwo(ABC):
    """Draws two and takes the one with less load; a new instance gets only part of its share.

    Two choices are nearly as good as looking at all, without all callers rushing to the same best
    one (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001).
    """

    def __init__(self, rng: Random | None = None) -> None:
        self._rng = rng or Random()  # noqa: S311

    @abstractmethod
    def load(self, endpoint: Endpoint, now_s: float) -> float:
        """Return how busy an instance is; only compared with others of the same client."""

    def pick(self, endpoints: Sequence[Endpoint], now_s: float) -> Endpoint:
        """Return the better of two."""
        count = len(endpoints)
        if count == 1:
            return endpoints[0]
        first = int(self._rng.random() * count)
        second = int(self._rng.random() * (count - 1))
        better, other = endpoints[first], endpoints[second + (second >= first)]
        if self.load(other, now_s) < self.load(better, now_s):
            better, other = other, better
        if now_s < better.warm_at_s and self._rng.random() >= better.warmth(now_s):
            return other
        return better


class LeastOutstanding(PowerOfTwo):
    """By the number of calls that an instance has not answered yet."""

    def load(self, endpoint: Endpoint, now_s: float) -> float:  # noqa: ARG002
        """Return the number of calls in flight."""
        return endpoint.outstanding


class PeakEwmaBalancer(PowerOfTwo):
    """By the time that a call is expected to take, with those that it has to wait for.

    After finagle's ``P2CPeakEwma``: peak-EWMA latency times the calls in flight and this one.
    """

    def load(self, endpoint: Endpoint, now_s: float) -> float:
        """Return seconds: the expected latency times (calls in flight + 1)."""
        return endpoint.estimate_s(now_s) * (endpoint.outstanding + 1)

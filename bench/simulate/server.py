"""One instance: a queue in the order of arrival, with some workers."""

import heapq
from enum import Enum
from math import inf, log
from random import Random


class Health(Enum):
    """``REFUSES``: the process is gone. ``HANGS``: it accepts, and never answers."""

    WELL = 0
    REFUSES = 1
    HANGS = 2


class Work:
    """How long requests take to serve: lognormal, around a mean."""

    __slots__ = ("_draw", "_mu", "_sigma", "mean_s")

    def __init__(self, mean_s: float, sigma: float, rng: Random) -> None:
        self.mean_s = mean_s
        self._mu, self._sigma = log(mean_s) - sigma * sigma / 2, sigma
        self._draw = rng.lognormvariate

    def draw_s(self) -> float:
        return self._draw(self._mu, self._sigma)


class Server:
    """``factor``: so many times slower than usual. ``marked``: its calls are counted apart.

    When a request will be done is known as it arrives, so a request is one event. It is done even
    if nobody waits for it any more, unless ``sheds``: then what could not begin before the caller
    gives up is refused as it arrives.
    """

    __slots__ = ("_free_s", "_work", "factor", "health", "life", "marked", "number", "sheds")

    def __init__(self, number: int, workers: int, work: Work, sheds: bool) -> None:
        self.number = number
        self.health = Health.WELL
        self.life = 0
        self.factor = 1.0
        self.marked = False
        self.sheds = sheds
        self._work = work
        self._free_s = [0.0] * workers

    def become(self, health: Health, now_s: float) -> None:
        """Change; what was in the queue is lost."""
        self.health = health
        self.life += 1
        self._free_s = [now_s] * len(self._free_s)

    def take(self, now_s: float, due_s: float) -> float | None:
        """Take a request; return when it is done (inf: never). None: it is refused."""
        if self.health is not Health.WELL:
            return None if self.health is Health.REFUSES else inf
        begins_s = max(now_s, self._free_s[0])
        if self.sheds and begins_s >= due_s:
            return None
        done_s = begins_s + self._work.draw_s() * self.factor
        heapq.heapreplace(self._free_s, done_s)
        return done_s

"""Whether a series of samples is flat, by a trend that single outliers do not move.

The slope is that of Theil and Sen: the median of the slopes of all pairs of points (H. Theil, "A
rank-invariant method of linear and polynomial regression analysis", 1950; P. K. Sen, "Estimates of
the regression coefficient based on Kendall's tau", JASA 63, 1968). Up to 29 % may be wild.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

Points = Sequence[tuple[float, float]]

_MOST = 200  # points that are compared, each with each


@dataclass(frozen=True)
class Limit:
    """How much something may grow over the part of a life that is judged."""

    what: str
    unit: str
    most: float


# A leak of one thing per request, or of a few KiB, is far beyond these within minutes; what an
# allocator and caches that fill do is below them.
LIMITS = {
    "rss": Limit("resident memory", "MiB", 12.0),
    "fds": Limit("file descriptors", "", 15.0),
    "tasks": Limit("tasks", "", 15.0),
    "connections": Limit("connections", "", 15.0),
    "lag": Limit("loop lag", "ms", 100.0),
}


@dataclass(frozen=True)
class Growth:
    """What one life of an instance showed of one thing. ``grown``: over ``window_s``."""

    life: str
    name: str
    window_s: float
    grown: float

    @property
    def flat(self) -> bool:
        """Whether that is within the limit."""
        return self.grown <= LIMITS[self.name].most

    def __str__(self) -> str:
        limit = LIMITS[self.name]
        amount = f"{self.grown:+.1f} {limit.unit}".strip()
        return f"{self.life}: {limit.what} {amount} in {self.window_s:.0f} s (may: {limit.most:g})"


def slope(points: Points) -> float:
    """Return the slope of Theil and Sen, per unit of x; 0.0 where there are no two points."""
    step = max(1, len(points) // _MOST)
    chosen = points[::step]
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(chosen, 2) if b[0] > a[0]]
    return median(slopes) if slopes else 0.0


def growths(
    lives: Mapping[str, Mapping[str, Points]], warm_up: float = 0.5, shortest_s: float = 60.0
) -> list[Growth]:
    """Return how each life went on after its first part, which is for warming up.

    Lives of which less than ``shortest_s`` is left then are too short to say anything.
    """
    found = []
    for life, series in lives.items():
        for name, points in series.items():
            judged = _later(points, warm_up)
            if len(judged) >= 10 and judged[-1][0] - judged[0][0] >= shortest_s:
                window_s = judged[-1][0] - judged[0][0]
                found.append(Growth(life, name, window_s, slope(judged) * window_s))
    return found


def _later(points: Points, warm_up: float) -> Points:
    if not points:
        return ()
    begin, end = points[0][0], points[-1][0]
    return [point for point in points if point[0] >= begin + warm_up * (end - begin)]

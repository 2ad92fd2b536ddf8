"""The aims, each as a ratio within a run, and whether it is met."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from bench.speed import growth, orders, reads, reservations, start
from bench.speed.results import Result
from bench.speed.samples import Sample, chosen, ratio

_SMALL, _LARGE = growth.SIZES[0], growth.SIZES[-1]


Found = Callable[[Result], float | None]


@dataclass(frozen=True)
class Aim:
    """``found``: the measured value, mostly a ratio; None where a result does not have it."""

    title: str
    limit: float
    found: Found
    at_most: bool = False

    def met(self, value: float) -> bool:
        return value <= self.limit if self.at_most else value >= self.limit

    def row(self, result: Result) -> tuple[str, str, str, str]:
        """Return title, aim, measured value, and whether it is met."""
        sign, value = "<=" if self.at_most else ">=", self.found(result)
        if value is None:
            return (self.title, f"{sign} {self.limit:.2f}", "not measured", "-")
        met = "met" if self.met(value) else "**not met**"
        return (self.title, f"{sign} {self.limit:.2f}", f"{value:.2f}", met)


def _of(row: str, who: str, base: str, at: int, what: str = "rate") -> Found:
    def found(result: Result) -> float | None:
        both = [chosen(result.samples, row, each, at) for each in (who, base)]
        return ratio(*both, what)

    return found


def _cost(row: str, small: tuple[str, int] | None = None) -> Found:
    """Return how many times as long it takes where there are a million documents."""
    base_row, base_at = small or (row, _SMALL)

    def found(result: Result) -> float | None:
        small = chosen(result.samples, base_row, "shop", base_at)
        return ratio(small, chosen(result.samples, row, "shop", _LARGE), "rate")

    return found


def _at_least(title: str, limit: float, *what: object) -> Aim:
    return Aim(title, limit, _of(*what))  # type: ignore[arg-type]


READS = (
    _at_least("cached GET, 64 connections, of the floor", 0.70, reads.GET, "shop", "floor", 64),
    *(
        _at_least(
            f"the same, request log and metrics off, {at} connection{'s' if at > 1 else ''}",
            limit,
            *(reads.GET, reads.QUIET, "floor", at),
        )
        for at, limit in ((64, 0.85), (8, 0.75), (1, 0.45))
    ),
    _at_least(
        "GET without a cache, 64 connections, of the floor",
        *(0.45, reads.GET, reads.UNCACHED, "floor", 64),
    ),
    _at_least(
        "GET without a cache, 64 connections, of Moleculer's",
        *(4.0, reads.GET, reads.UNCACHED, reads.MOLECULER_UNCACHED, 64),
    ),
    _at_least("cached GET, 64 connections, of FastAPI's", 5.0, reads.GET, "shop", "FastAPI", 64),
    _at_least(
        "cached GET, 64 connections, of Moleculer's", 1.4, reads.GET, "shop", "Moleculer", 64
    ),
    Aim(
        "p99 of a cached GET, 64 connections, of the floor's",
        1.5,
        _of(reads.GET, "shop", "floor", 64, "p99_ms"),
        at_most=True,
    ),
    Aim(
        "CPU of a cached GET with log, metrics and all layers, 64 connections, of the floor's",
        1.15,
        _of(reads.GET, "shop", "floor", 64, "cpu_us"),
        at_most=True,
    ),
)

ORDERS = (
    _at_least("orders, 64 connections, of FastAPI's", 4.0, orders.ORDER, "shop", "FastAPI", 64),
    _at_least(
        "orders, 64 connections, of plain aiohttp's", 3.0, orders.ORDER, "shop", "plain aiohttp", 64
    ),
    _at_least("orders, 64 connections, of Moleculer's", 2.5, orders.ORDER, "shop", "Moleculer", 64),
    _at_least("orders, 16 connections, of Moleculer's", 1.5, orders.ORDER, "shop", "Moleculer", 16),
    Aim(
        "p99 of an order, 64 connections, of Moleculer's",
        0.5,
        _of(orders.ORDER, "shop", "Moleculer", 64, "p99_ms"),
        at_most=True,
    ),
    _at_least(
        "orders of one hot product, 64 connections, of Moleculer's",
        2.0,
        orders.HOT,
        "shop",
        "Moleculer",
        64,
    ),
)

RESERVATIONS = (
    _at_least(
        "reservations of one product, 64 buyers, of bare guarded updates",
        *(0.8, reservations.ROW, reservations.SHOP, reservations.BARE, 64),
    ),
)

GROWTH = tuple(
    Aim(f"{title}: cost at a million, of that at a thousand", 1.2, found, at_most=True)
    for title, found in (
        ("cached GET", _cost(growth.GET)),
        ("GET without a cache", _cost(growth.UNCACHED)),
        ("list, first page", _cost(growth.list_row(0))),
        (
            "list, after 500,000",
            _cost(growth.list_row(500_000), (growth.list_row(0), _SMALL)),
        ),
        ("place an order", _cost(orders.ORDER)),
    )
)


def _slowest(what: str) -> Found:
    """Return the median of the service that has most of it."""

    def found(result: Result) -> float | None:
        medians = [median(values) for values in result.further.get(what, {}).values() if values]
        return max(medians, default=None)

    return found


START = tuple(
    Aim(f"{what}, of the service that takes most", limit, _slowest(what), at_most=True)
    for what, limit in ((start.STARTED_S, 1.5), (start.IDLE_MB, 80.0))
)

AIMS = {
    "reads": READS,
    "orders": ORDERS,
    "reservations": RESERVATIONS,
    "growth": GROWTH,
    "start": START,
}


def overhead(samples: Sequence[Sample]) -> float | None:
    """Return how much CPU time the request log and metrics add to a cached GET at 64."""
    both = [
        [s.cpu_us for s in chosen(samples, reads.GET, who, 64)] for who in ("shop", reads.QUIET)
    ]
    return median(both[0]) / median(both[1]) - 1 if all(both) else None

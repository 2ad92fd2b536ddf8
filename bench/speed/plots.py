"""The pictures of each part."""

from collections.abc import Callable, Sequence

from bench.chart import Bars, svg
from bench.speed import growth, instances, orders, reads
from bench.speed.samples import Line

What = Callable[[Line], float]

_FEW = ("floor", "shop", "plain aiohttp", "FastAPI", "Moleculer")


def pictures(part: str, lines: Sequence[Line]) -> dict[str, str]:
    """Return SVG by the name of its file."""
    if part == "reads":
        return {"reads.svg": _rates("Reading", lines, (reads.GET, reads.LIST, reads.SEARCH))}
    if part == "orders":
        rows = (orders.CUSTOMER, orders.ORDER, orders.HOT)
        return {"orders.svg": _rates("Writing", lines, rows)}
    if part == "growth":
        return {"growth.svg": _growth(lines)}
    if part == "instances":
        rows = (instances.GET, orders.ORDER)
        panels = [
            _bars(lines, row, "instances", "per second", lambda line: line.rate) for row in rows
        ]
        return {"instances.svg": svg("More instances", panels, columns=2)}
    return {}


def _rates(title: str, lines: Sequence[Line], rows: Sequence[str]) -> str:
    shown = [line for line in lines if line.contender in _FEW and line.at in (16, 64, 256, 1)]
    panels = []
    for row in rows:
        panels.append(_bars(shown, row, "connections", "per second", lambda line: line.rate))
        panels.append(_bars(shown, row, "connections", "p99, ms", lambda line: line.p99_ms))
    return svg(title, panels, columns=2)


def _growth(lines: Sequence[Line]) -> str:
    rows = dict.fromkeys(line.row for line in lines)
    return svg(
        f"The shop with more documents, {growth.CONNECTIONS} connections",
        [
            _bars(lines, row, "products and orders", "per second", lambda line: line.rate)
            for row in rows
        ],
        columns=2,
    )


def _bars(lines: Sequence[Line], row: str, x: str, y: str, what: What) -> Bars:
    groups: dict[str, dict[str, float]] = {}
    for line in sorted((line for line in lines if line.row == row), key=lambda line: line.at):
        groups.setdefault(f"{line.at:,}", {})[line.contender] = what(line)
    return Bars(row, x, y, groups)

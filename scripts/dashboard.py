"""Draw the dashboard without Grafana: each query of its JSON file, asked of a Prometheus.

    python scripts/dashboard.py http://localhost:9090 dashboard.html [minutes]

It is for seeing that every panel has something to show, and for a picture in a document. It knows
the two kinds of panels that the dashboard has, and is no Grafana.
"""

import json
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from bench.chart import Lines, svg

DASHBOARD = Path(__file__).resolve().parent.parent / "compose/grafana/dashboards/shop.json"
STEP_S = 5
MOST_LINES = 8
UNITS = {
    "s": ("ms", 1000.0),
    "percentunit": ("%", 100.0),
    "bytes": ("MB", 1e-6),
    "reqps": ("a second", 1.0),
    "ops": ("a second", 1.0),
    "short": ("", 1.0),
}
PAGE = """<!doctype html><meta charset="utf-8"><title>Shop</title><style>
body {{ font-family: sans-serif; margin: 8px; width: 1800px }} h1 {{ font-size: 18px }}
main {{ display: grid; grid-template-columns: repeat(24, 1fr); gap: 6px }}
section {{ border: 1px solid #ddd; padding: 4px; overflow: hidden }}
h2 {{ font-size: 13px; margin: 4px }}
b {{ font-size: 22px; margin: 0 10px 0 4px }}</style>
<h1>Shop: the queries of compose/grafana/dashboards/shop.json, drawn by scripts/dashboard.py</h1>
<main>{panels}</main>"""


class Prometheus:
    """What is asked; ``begin_s`` and ``end_s``: of the time that is shown."""

    def __init__(self, url: str, minutes: float) -> None:
        self._url = url
        self.end_s = time.time()
        self.begin_s = self.end_s - 60 * minutes

    def range(self, target: Mapping[str, str]) -> Iterator[tuple[str, list[tuple[float, float]]]]:
        """Return name and points of each series; the time in minutes before the end."""
        query = target["expr"].replace("$service", ".+")
        asked = {"query": query, "start": self.begin_s, "end": self.end_s, "step": STEP_S}
        with urllib.request.urlopen(
            f"{self._url}/api/v1/query_range?{urlencode(asked)}", timeout=30
        ) as answer:
            found = json.load(answer)["data"]["result"]
        for series in found:
            points = [((float(at) - self.end_s) / 60, float(v)) for at, v in series["values"]]
            known = [(at, v) for at, v in points if v == v and abs(v) != float("inf")]
            if known:
                yield _named(target["legendFormat"], series["metric"]), known


def _named(legend: str, labels: Mapping[str, str]) -> str:
    for label, value in labels.items():
        legend = legend.replace(f"{{{{{label}}}}}", value)
    return legend


def drawn(panel: Mapping[str, Any], prometheus: Prometheus) -> str:
    """Return a panel as HTML, in its place on the grid."""
    series = [each for target in panel["targets"] for each in prometheus.range(target)]
    place = panel["gridPos"]
    style = f"grid-column: {place['x'] + 1} / span {place['w']}"
    show = _stat if panel["type"] == "stat" else _chart
    body = show(panel, series) if series else "<p>nothing</p>"
    return f'<section style="{style}"><h2>{escape(panel["title"])}</h2>{body}</section>'


def _stat(panel: Mapping[str, Any], series: list[tuple[str, list[tuple[float, float]]]]) -> str:
    unit, factor = UNITS[panel["fieldConfig"]["defaults"]["unit"]]
    return "".join(
        f"{escape(name)} <b>{points[-1][1] * factor:.3g} {unit}</b>" for name, points in series
    )


def _chart(panel: Mapping[str, Any], series: list[tuple[str, list[tuple[float, float]]]]) -> str:
    unit, factor = UNITS[panel["fieldConfig"]["defaults"]["unit"]]
    highest = sorted(series, key=lambda each: -max(v for _, v in each[1]))[:MOST_LINES]
    lines = {name: [(at, v * factor) for at, v in points] for name, points in sorted(highest)}
    return svg("", [Lines("", "minutes", unit, lines, {})])


def main(url: str, target: str, minutes: str = "5") -> None:
    """Draw it."""
    prometheus = Prometheus(url, float(minutes))
    dashboard = json.loads(DASHBOARD.read_text("utf-8"))
    panels = "\n".join(drawn(panel, prometheus) for panel in dashboard["panels"])
    Path(target).write_text(PAGE.format(panels=panels), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])

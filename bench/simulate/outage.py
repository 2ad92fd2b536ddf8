"""How many requests are sent while nothing answers, and how fast it is over afterwards."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from bench.chart import Lines, svg
from bench.simulate.guards import guards
from bench.simulate.report import Report, percent
from bench.simulate.server import Health
from bench.simulate.tally import Tally
from bench.simulate.world import Setting, World

_FROM_S, _TO_S, _END_S = 5.0, 35.0, 70.0
_HEAD = (
    "instances",
    "clients have",
    "requests per call meanwhile",
    "failed calls afterwards",
    "99 % answered after",
)


def run(base: Setting, sizes: Iterable[int]) -> Report:
    """Let all instances refuse for 30 s."""
    report = Report("All instances refuse for 30 s", _HEAD)
    for size in sizes:
        if size > 100:
            continue  # 60,000 calls a second for a minute would take an hour to simulate
        tallies = {
            name: _refuse(setting)
            for name, setting in guards(replace(base, instances=size, end_s=_END_S))
        }
        for name, tally in tallies.items():
            report.add(size, name, *_cells(tally))
        if size == 100:
            report.pictures["simulate-outage.svg"] = _picture(tallies)
    return report


def _refuse(setting: Setting) -> Tally:
    world = World(setting)

    def become(health: Health) -> None:
        for server in world.servers:
            server.become(health, world.agenda.now_s)

    world.agenda.at(_FROM_S, become, Health.REFUSES)
    world.agenda.at(_TO_S, become, Health.WELL)
    return world.run()


def _cells(tally: Tally) -> Iterator[str]:
    during, after = tally.between(_FROM_S, _TO_S), tally.between(_TO_S, _END_S)
    yield f"{during.requests / during.calls:.3f}"
    yield f"{after.failed} ({percent(after.failed, after.calls)})"
    yield well_after(tally, _TO_S, _END_S)


def well_after(tally: Tally, from_s: float, end_s: float) -> str:
    """Return how long after a moment 99 % of the calls that end are answered, and stay so."""
    first, last = round(from_s / tally.span_s), round(end_s / tally.span_s)
    bad = [
        n
        for n in range(first, last)
        if tally.spans[n].failed > 0.01 * (tally.spans[n].failed + len(tally.spans[n].took_s))
    ]
    if bad and bad[-1] == last - 1:
        return "not"
    return f"{(bad[-1] + 1 - first) * tally.span_s:g} s" if bad else "0 s"


def _picture(tallies: dict[str, Tally]) -> str:
    marks = {_FROM_S: "all refuse", _TO_S: "they are back"}
    spans = range(6, round(_END_S * 2) - 1)
    sent, answered = {}, {}
    for name, tally in tallies.items():
        halves = [(n / 2 + 0.5, tally.between(n / 2, n / 2 + 0.5)) for n in spans]
        sent[name] = [(at, span.requests * 2 / 1000) for at, span in halves]
        answered[name] = [(at, len(span.took_s) * 2 / 1000) for at, span in halves]
    return svg(
        "100 instances refuse for 30 s, while 100 clients make 6000 calls per second",
        [
            Lines("Requests sent", "seconds", "thousands per second", sent, marks),
            Lines("Calls answered", "seconds", "thousands per second", answered, marks),
        ],
    )

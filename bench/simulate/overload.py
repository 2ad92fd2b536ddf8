"""Whether an overload ends with its cause, or feeds itself by retries (metastable failure)."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from bench.chart import Lines, svg
from bench.simulate.guards import guards
from bench.simulate.outage import well_after
from bench.simulate.report import Report, percent
from bench.simulate.tally import Tally
from bench.simulate.world import Setting, World

_FROM_S, _TO_S, _END_S = 5.0, 15.0, 45.0
_USUAL, _MOST = 0.8, 1.2
_HEAD = (
    "instances",
    "clients have",
    "requests per call meanwhile",
    "answered meanwhile",
    "answered afterwards",
    "99 % answered after",
)


def run(base: Setting, sizes: Iterable[int]) -> Report:
    """Ask 120 % of what there is for 10 s, and 80 % before and after."""
    report = Report("120 % load for 10 s, 80 % before and after", _HEAD)
    for size in sizes:
        if size > 100:
            continue  # as for the outage: too many calls to simulate
        setting = replace(base, instances=size, load=_USUAL, end_s=_END_S)
        tallies = {name: _overload(each) for name, each in _settings(setting)}
        for name, tally in tallies.items():
            report.add(size, name, *_cells(tally))
        if size == 100:
            report.pictures["simulate-overload.svg"] = _picture(tallies)
    return report


def _settings(base: Setting) -> Iterator[tuple[str, Setting]]:
    yield from guards(base)
    yield "budget + breaker, servers shed", replace(base, sheds=True)


def _overload(setting: Setting) -> Tally:
    world = World(setting)

    def ask(load: float) -> None:
        world.load = load

    world.agenda.at(_FROM_S, ask, _MOST)
    world.agenda.at(_TO_S, ask, _USUAL)
    return world.run()


def _cells(tally: Tally) -> Iterator[str]:
    during, after = tally.between(_FROM_S, _TO_S), tally.between(_TO_S, _END_S)
    yield f"{during.requests / during.calls:.2f}"
    for span in (during, after):  # of the calls that ended then
        yield percent(len(span.took_s), len(span.took_s) + span.failed)
    yield well_after(tally, _TO_S, _END_S)


def _picture(tallies: dict[str, Tally]) -> str:
    marks = {_FROM_S: "120 %", _TO_S: "80 %"}
    spans = range(6, round(_END_S * 2) - 1)
    answered, sent = {}, {}
    for name, tally in tallies.items():
        halves = [(n / 2 + 0.5, tally.between(n / 2, n / 2 + 0.5)) for n in spans]
        answered[name] = [(at, len(span.took_s) * 2 / 1000) for at, span in halves]
        sent[name] = [(at, span.requests * 2 / 1000) for at, span in halves]
    return svg(
        "100 instances that can do 10,000 requests per second: 120 % load for 10 s",
        [
            Lines("Calls answered", "seconds", "thousands per second", answered, marks),
            Lines("Requests sent", "seconds", "thousands per second", sent, marks),
        ],
    )

"""What happens to calls when new instances come that are cold at first."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from bench.chart import Lines, svg
from bench.simulate.report import Report, percent
from bench.simulate.tally import Tally
from bench.simulate.world import Setting, World

from shop.common.peer import LoadOptions

_AT_S, _COLD_S, _COLDER, _END_S = 5.0, 2.0, 5.0, 15.0
_LEARNED_WITHIN_S = 0.1
_HEAD = (
    "instances",
    "clients have",
    "their share, first 2 s",
    "then, at the end",
    "p99 before",
    "p99 first 2 s",
    "p99 next 3 s",
    "failed calls",
)


def run(base: Setting, sizes: Iterable[int]) -> Report:
    """Add a fifth more instances, 5 times slower for their first 2 s."""
    report = Report("A fifth more instances, 5x slower for their first 2 s", _HEAD)
    for size in sizes:
        tallies = {
            name: _grow(setting)
            for name, setting in _settings(replace(base, instances=size, end_s=_END_S))
        }
        for name, tally in tallies.items():
            report.add(size, name, *_cells(tally))
        if size == 100:
            report.pictures["simulate-scale-out.svg"] = _picture(tallies)
    return report


def _settings(base: Setting) -> Iterator[tuple[str, Setting]]:
    at_once = replace(base.options, load=LoadOptions(warm_up_s=0.0))
    yield "P2C, warm-up of 5 s", base
    yield "P2C, no warm-up", replace(base, options=at_once)
    yield "least outstanding, warm-up of 5 s", replace(base, balancer="least outstanding")
    yield "round robin (no warm-up)", replace(base, balancer="round robin")


def _grow(setting: Setting) -> Tally:
    world = World(setting, spare=setting.instances // 5)
    fresh = world.servers[setting.instances :]

    def come(_: None) -> None:
        for server in fresh:
            server.marked, server.factor = True, _COLDER
        for directory in world.directories:
            learned_s = _AT_S + world.rng.random() * _LEARNED_WITHIN_S
            world.agenda.at(learned_s, lambda each: each.learn(world.instances), directory)

    def warm(_: None) -> None:
        for server in fresh:
            server.factor = 1.0

    world.agenda.at(_AT_S, come)
    world.agenda.at(_AT_S + _COLD_S, warm)
    return world.run()


def _cells(tally: Tally) -> Iterator[str]:
    cold = tally.between(_AT_S, _AT_S + _COLD_S)
    after = tally.between(_AT_S + _COLD_S, _AT_S + _COLD_S + 3)
    yield percent(cold.share)
    yield percent(tally.between(_END_S - 3, _END_S).share)
    yield f"{tally.between(_AT_S - 2, _AT_S).percentile_ms(99):.0f} ms"
    yield f"{cold.percentile_ms(99):.0f} ms"
    yield f"{after.percentile_ms(99):.0f} ms"
    yield str(tally.between(_AT_S, _END_S).failed)


def _picture(tallies: dict[str, Tally]) -> str:
    marks = {_AT_S: "20 come", _AT_S + _COLD_S: "they are warm"}
    spans = range(12, round(_END_S * 4))
    share = {
        name: [(n / 4 + 0.25, 100 * tally.spans[n].share) for n in spans]
        for name, tally in tallies.items()
    }
    p99 = {
        name: [(n / 4 + 0.25, tally.spans[n].percentile_ms(99)) for n in spans]
        for name, tally in tallies.items()
    }
    return svg(
        "20 new instances beside 100, 5x slower for their first 2 s (fair share: 16.7 %)",
        [
            Lines("Share of the new ones", "seconds", "% of requests", share, marks),
            Lines("p99 of calls that ended then", "seconds", "ms", p99, marks),
        ],
    )

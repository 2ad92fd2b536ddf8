"""How fast clients leave instances that fail, by themselves: Consul still lists them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from bench.chart import Lines, svg
from bench.simulate.report import Report, percent
from bench.simulate.server import Health, Server
from bench.simulate.tally import Tally
from bench.simulate.world import NO_BREAKER, Setting, World

_AT_S = 3.0
_HEAD = (
    "fault",
    "instances",
    "clients have",
    "failed calls",
    "requests to the failed",
    "below 5 % after",
    "below 1 % after",
    "p99 after 5 s",
)
_Fault = Callable[[Server, float], None]


def _slow(server: Server, _now_s: float) -> None:
    server.factor = 50.0


_FAULTS: dict[str, _Fault] = {
    "refuse": lambda server, now_s: server.become(Health.REFUSES, now_s),
    "hang": lambda server, now_s: server.become(Health.HANGS, now_s),
    "50x slower": _slow,
}


def run(base: Setting, sizes: Iterable[int]) -> Report:
    """Let one in ten instances fail; draw it for 100 instances."""
    report = Report("One in ten instances fails", _HEAD)
    panels: list[Lines] = []
    for size in sizes:
        end_s = _AT_S + (20.0 if size <= 100 else 6.0)
        for fault, strike in _FAULTS.items():
            tallies = {
                name: _fail(setting, strike)
                for name, setting in _settings(replace(base, instances=size, end_s=end_s))
            }
            for name, tally in tallies.items():
                report.add(fault, size, name, *_cells(tally, end_s))
            if size == 100:
                panels += _panels(fault, tallies)
    if panels:
        report.pictures["simulate-failure.svg"] = svg(
            "10 of 100 instances fail at 3 s; Consul still lists them", panels, columns=2
        )
    return report


def _settings(base: Setting) -> Iterator[tuple[str, Setting]]:
    bare = replace(base.options, breaker=NO_BREAKER)
    yield "P2C + breaker", base
    if base.instances <= 100:  # of the many calls of more, only what is new there
        yield "P2C", replace(base, options=bare)
        yield "round robin + breaker", replace(base, balancer="round robin")
        yield "round robin", replace(base, balancer="round robin", options=bare)
    if base.instances > 20:
        yield "P2C + breaker, subsets of 20", replace(base, subset=20)


def _fail(setting: Setting, strike: _Fault) -> Tally:
    world = World(setting)

    def fail(_: None) -> None:
        for server in world.servers[: setting.instances // 10]:
            server.marked = True
            strike(server, world.agenda.now_s)

    world.agenda.at(_AT_S, fail)
    return world.run()


def _cells(tally: Tally, end_s: float) -> Iterator[str]:
    after = tally.between(_AT_S, end_s)
    later = tally.between(_AT_S + 5, end_s)
    yield f"{after.failed} ({percent(after.failed, after.calls)})"
    yield f"{after.to_marked} ({percent(after.share)})"
    yield _below(tally, 0.05, end_s)
    yield _below(tally, 0.01, end_s)
    yield f"{later.percentile_ms(99):.0f} ms"


def _below(tally: Tally, limit: float, end_s: float) -> str:
    """Return after how long the share of every second that follows is below the limit."""
    moments = [_AT_S + n * tally.span_s for n in range(round((end_s - 1 - _AT_S) / tally.span_s))]
    above = [at_s for at_s in moments if tally.between(at_s, at_s + 1).share >= limit]
    if above and above[-1] == moments[-1]:
        return "not"
    return f"{above[-1] - _AT_S + tally.span_s:g} s" if above else "0 s"


def _panels(fault: str, tallies: dict[str, Tally]) -> Iterator[Lines]:
    marks = {_AT_S: "they fail"}
    share = {
        name: _points(tally, 100.0, "to_marked", "requests") for name, tally in tallies.items()
    }
    failed = {name: _points(tally, 100.0, "failed", "calls") for name, tally in tallies.items()}
    yield Lines(f"{fault}: requests that go to them", "seconds", "% of requests", share, marks, 12)
    yield Lines(f"{fault}: calls that fail", "seconds", "% of calls", failed, marks, None)


def _points(tally: Tally, scale: float, part: str, whole: str) -> list[tuple[float, float]]:
    points = []
    for begin in range(2, round(len(tally.spans) * tally.span_s * 2) - 1):
        span = tally.between(begin / 2, begin / 2 + 0.5)
        if getattr(span, whole):
            points.append((begin / 2 + 0.5, scale * getattr(span, part) / getattr(span, whole)))
    return points

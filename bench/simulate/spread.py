"""How evenly the balancers spread calls, and what that does to latency."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from bench.chart import Bars, svg
from bench.simulate.report import Report
from bench.simulate.world import BALANCERS, Setting, World

_WARM_S = 2.0
_SLOWER = 1.5
_HEAD = ("instances", "machines", "balancer", "max/mean", "p50 ms", "p99 ms", "failed calls")
_KINDS = {"alike": 1.0, "one in ten 1.5x slower": _SLOWER}


def run(base: Setting, sizes: Iterable[int]) -> Report:
    """Compare the balancers on machines that are alike, and on such that are not."""
    report = Report("Load spread", _HEAD)
    spread: dict[str, dict[str, float]] = {}
    p99: dict[str, dict[str, dict[str, float]]] = {kind: {} for kind in _KINDS}
    for size in sizes:
        for kind, factor in _KINDS.items():
            for name, setting in _settings(replace(base, instances=size, end_s=_end_s(size))):
                world = World(setting)
                for server in world.servers[::10]:
                    server.factor = factor
                tally = world.run(count_from_s=_WARM_S)
                steady = tally.between(_WARM_S, setting.end_s)
                uneven = max(tally.per_instance) / (sum(tally.per_instance) / size)
                p50_ms, p99_ms = steady.percentile_ms(50), steady.percentile_ms(99)
                report.add(
                    size,
                    kind,
                    name,
                    f"{uneven:.2f}",
                    f"{p50_ms:.1f}",
                    f"{p99_ms:.0f}",
                    steady.failed,
                )
                p99[kind].setdefault(str(size), {})[name] = p99_ms
                if factor == 1.0:
                    spread.setdefault(str(size), {})[name] = uneven
    report.pictures["simulate-spread.svg"] = svg(
        "Load spread: 100 clients at 60 % load, 10 ms per request",
        [
            Bars("Busiest instance, machines alike", "instances", "calls, max / mean", spread),
            *(
                Bars(f"p99 of calls, machines: {kind}", "instances", "ms", groups)
                for kind, groups in p99.items()
            ),
        ],
    )
    return report


def _end_s(size: int) -> float:
    return _WARM_S + (20.0 if size <= 100 else 3.0)


def _settings(base: Setting) -> Iterator[tuple[str, Setting]]:
    for name in BALANCERS:
        yield name, replace(base, balancer=name)
    if base.instances > 20:
        yield "P2C peak EWMA, subsets of 20", replace(base, subset=20)

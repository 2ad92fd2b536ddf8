"""What is said at the end: a table, the plot, and what was not flat."""

from collections import defaultdict

from bench.chart import Lines, svg
from tests.soak.run import Result
from tests.soak.samples import NAMES
from tests.soak.trend import LIMITS, Growth


def plot(result: Result) -> str:
    """Return the lines of all instances, one panel for each thing that was sampled."""
    panels = []
    for name in NAMES:
        lines: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
        for life, series in result.samples.lives.items():
            lines[life.partition(" ")[0]] += [(at / 60, value) for at, value in series[name]]
        limit = LIMITS[name]
        panels.append(Lines(limit.what, "minutes", limit.unit, dict(sorted(lines.items())), {}))
    plan = result.plan
    title = f"make soak MINUTES={plan.duration_s / 60:g} SEED={plan.seed}"
    title += " ARGS=--with-leak" if plan.leak else ""
    return svg(title, panels, columns=2)


def table(result: Result, growths: list[Growth]) -> str:
    """Return what was done, and how each life went on."""
    kinds = defaultdict[str, int](int)
    for done in result.faults:
        kinds[done.fault.kind] += 1
    lines = [
        f"requests           {result.requests}, beside {sum(result.answers.values())} reads",
        f"orders             {result.orders}",
        f"events             {sum(result.told.values())}: {_counts(result.told)}",
        f"faults             {len(result.faults)}: {_counts(kinds)}",
        f"reconcile          {result.reconciled}",
        f"violations         {len(result.violations)}",
        f"lives              {len(result.samples.lives)}",
        "growth after the warm-up (the second half of each life)",
        *(f"  {'flat' if growth.flat else 'GROWS'}  {growth}" for growth in growths),
    ]
    return "\n".join(lines)


def _counts(counts: "dict[str, int]") -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))

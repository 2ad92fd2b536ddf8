"""docs/performance.md: its tables stand between markers, and each run replaces its own."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from bench.speed import table
from bench.speed.aims import AIMS, overhead
from bench.speed.results import Result
from bench.speed.samples import Line, chosen, lines, ratio

DOCUMENT = Path(__file__).parents[2] / "docs" / "performance.md"

_AT = {
    "reads": "connections",
    "orders": "connections",
    "reservations": "buyers",
    "growth": "products and orders",
    "instances": "instances",
}
_PICTURES = {
    "reads": "Reading",
    "orders": "Writing",
    "growth": "With more and more documents",
    "instances": "With more and more instances",
}
_BASE = {"reads": "floor", "orders": "floor", "reservations": "bare guarded update"}


def write(results: Mapping[str, Result], to: Path = DOCUMENT) -> None:
    """Replace what stands between the markers of the parts there are, and the aims."""
    text = DOCUMENT.read_text()
    for part, result in results.items():
        text = replaced(text, part, section(result))
    text = replaced(text, "aims", aims(results))
    to.write_text(text)


def replaced(text: str, name: str, what: str) -> str:
    """Put ``what`` between the markers of this name; raise ValueError where there are none."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"there is no {begin} ... {end}")
    return pattern.sub(lambda _: f"{begin}\n{what.strip()}\n{end}", text)


def aims(results: Mapping[str, Result]) -> str:
    rows = [
        aim.row(results[part]) for part, found in AIMS.items() if part in results for aim in found
    ]
    return table.markdown(("", "aim", "measured", ""), rows)


def section(result: Result) -> str:
    """Return a part's picture, its conditions and its tables."""
    if result.part == "profile":
        return f"{_conditions(result)}\n\n{_profiles(result.further)}"
    if result.part == "start":
        return f"{_conditions(result)}\n\n{_starts(result.further)}"
    what = _PICTURES.get(result.part)
    picture = [f"![{what}](../bench/results/{result.part}.svg)"] if what else []
    found = measured(result)
    rows = dict.fromkeys(line.row for line in found)
    tables = [
        f"**{row}**\n\n{table.of_row(found, row, _AT[result.part], base_of(result.part))}"
        for row in rows
    ]
    return "\n\n".join([*picture, _conditions(result), *_remarks(result), *tables])


def measured(result: Result) -> list[Line]:
    """Return the lines; in growth and instances the ratio is to the smallest number."""
    if result.part in _BASE:
        return lines(result.samples, _BASE[result.part])
    samples, smallest = result.samples, min(sample.at for sample in result.samples)
    rows = dict.fromkeys(sample.row for sample in samples)
    found = []
    for line in lines(samples, ""):
        group = chosen(samples, line.row, line.contender, line.at)
        base = chosen(samples, _first_page(line.row, rows), samples[0].contender, smallest)
        found.append(line.against(ratio(group, base, "rate")))
    return found


def base_of(part: str) -> str:
    return _BASE.get(part, "the smallest")


def _first_page(row: str, rows: Mapping[str, object]) -> str:
    """What lies deep is held against the first page."""
    name = row.partition(", after ")[0]
    return f"{name}, after 0" if f"{name}, after 0" in rows else row


def _conditions(result: Result) -> str:
    about = result.about
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    told = [
        f"`{about['command']}`, {about['when']}, {about['commit']}: {about['machine']};",
        f"{about['system']}; {versions}.",
    ]
    if result.samples:
        told.append(
            f"Medians of {about['rounds']} rounds of {about['seconds']} s;"
            f" the load average before was {about['load']:.1f}."
        )
        told.append(noise(result))
    return " ".join(told)


def noise(result: Result) -> str:
    """Say how far the rounds lie apart."""
    spreads = sorted(line.spread for line in lines(result.samples, ""))
    middle, most = spreads[len(spreads) // 2], spreads[-1]
    return (
        f"Between the slowest and the fastest round of a row lie {middle:.0%} of its median as a"
        f" rule (the median over the rows), and at most {most:.0%}."
    )


def _remarks(result: Result) -> list[str]:
    extra = overhead(result.samples) if result.part == "reads" else None
    if extra is None:
        return []
    return [f"Request log and metrics add {extra:.0%} to the CPU time of a cached GET at 64."]


def _profiles(further: Mapping[str, Mapping[str, float]]) -> str:
    blocks = []
    for name, shares in further.items():
        rows = [(f"`{package}`", f"{share:.0%}") for package, share in shares.items()]
        picture = f"[flame graph](../bench/results/profile-{name}.svg)"
        blocks.append(f"**{name}** ({picture})\n\n{table.markdown(('own time in', ''), rows)}")
    return "\n\n".join(blocks)


def _starts(further: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    """Return the median and the range of each service."""
    services = list(next(iter(further.values()), {}))
    rows = [(what, *map(_ranged, values.values())) for what, values in further.items()]
    return table.markdown(("", *services), rows)


def _ranged(values: Sequence[float]) -> str:
    return f"{median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def texts(result: Result) -> Sequence[str]:
    """Return what is shown on the terminal."""
    if result.part == "profile":
        return [_profiles(result.further)]
    if result.part == "start":
        return [_starts(result.further)]
    found = [aim.row(result) for aim in AIMS.get(result.part, ())]
    known = [row for row in found if row[3] != "-"]
    shown = [table.text(measured(result), _AT[result.part], base_of(result.part)), noise(result)]
    return [*shown, *([table.aligned([("aim", "", "measured", ""), *known])] if known else [])]

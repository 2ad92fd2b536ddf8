"""Lines as a table, for a terminal and for Markdown."""

from collections.abc import Sequence

from bench.speed.samples import Line

_HEAD = ("", "at", "per s", "ratio", "p50 ms", "p99 ms", "CPU us", "mongod us", "spread")


def cells(line: Line) -> tuple[str, ...]:
    failed = f" ({line.failed:.1%} failed)" if line.failed >= 0.0005 else ""
    return (
        line.contender + failed,
        str(line.at),
        f"{line.rate:,.0f}",
        "" if line.ratio is None else f"{line.ratio:.2f}",
        f"{line.p50_ms:.2f}",
        f"{line.p99_ms:.2f}",
        f"{line.cpu_us:.0f}",
        f"{line.mongo_us:.0f}",
        f"{line.spread:.0%}",
    )


def text(lines: Sequence[Line], at: str, base: str) -> str:
    """Return all rows as text, one block per row."""
    blocks = []
    for row in dict.fromkeys(line.row for line in lines):
        found = [_HEAD, *(cells(line) for line in lines if line.row == row)]
        blocks.append(f"{row} (at: {at}; ratio: to {base})\n{aligned(found)}")
    return "\n\n".join(blocks)


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *rows])


def of_row(lines: Sequence[Line], row: str, at: str, base: str) -> str:
    """Return one row as a Markdown table."""
    head = ("", at, "per s", f"of {base}", *_HEAD[4:])
    return markdown(head, [cells(line) for line in lines if line.row == row])


def aligned(found: Sequence[Sequence[str]]) -> str:
    widths = [max(len(line[n]) for line in found) for n in range(len(found[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if n == 0 else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in found
    )

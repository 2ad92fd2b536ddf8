"""What a scenario shows: a table, and pictures."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Report:
    """``pictures``: SVG by the name of its file."""

    title: str
    head: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    pictures: dict[str, str] = field(default_factory=dict)

    def add(self, *cells: object) -> None:
        self.rows.append([str(cell) for cell in cells])

    def markdown(self) -> str:
        lines = [self.head, ["---"] * len(self.head), *self.rows]
        return f"\n## {self.title}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)


def percent(part: float, whole: float = 1.0) -> str:
    """Return a share as a text, with as many digits as one can use."""
    share = 100 * part / whole if whole else 0.0
    return f"{share:.0f} %" if share >= 9.95 or not share else f"{share:.2g} %"

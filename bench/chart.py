"""Charts as plain SVG: lines over time, and bars side by side, in a grid of panels."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _ABOVE, _BELOW = 560, 150, 56, 14, 26, 40
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#222222", "#e69f00")  # Okabe and Ito

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Lines:
    """A panel of one line per name. ``marks``: what happened at some points of the x axis."""

    title: str
    x: str
    y: str
    lines: Mapping[str, Points]
    marks: Mapping[float, str]
    most: float | None = None

    def names(self) -> list[str]:
        return list(self.lines)

    def top(self) -> float:
        highest = max((y for points in self.lines.values() for _, y in points), default=0)
        return _round_up(self.most or highest)


@dataclass(frozen=True)
class Bars:
    """A panel of one group of bars per key, in it one bar per name."""

    title: str
    x: str
    y: str
    groups: Mapping[str, Mapping[str, float]]

    def names(self) -> list[str]:
        return list(dict.fromkeys(name for group in self.groups.values() for name in group))

    def top(self) -> float:
        return _round_up(max(value for group in self.groups.values() for value in group.values()))


def svg(title: str, panels: Sequence[Lines | Bars], columns: int = 1) -> str:
    """Return the picture; the colours of all panels are those of one legend."""
    names = list(dict.fromkeys(name for panel in panels for name in panel.names()))
    colours = {name: _COLOURS[n % len(_COLOURS)] for n, name in enumerate(names)}
    row_height = _ABOVE + _HEIGHT + _BELOW
    width = columns * _WIDTH
    legend = list(_legend(colours, width))
    top = 36 + 18 * _legend_rows(names, width)
    height = top + ceil(len(panels) / columns) * row_height
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="11" fill="#222">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="{_LEFT}" y="20" font-size="14">{escape(title)}</text>',
        *legend,
    ]
    for place, panel in enumerate(panels):
        left, row = place % columns * _WIDTH, place // columns
        parts.append(f'<g transform="translate({left},{top + row * row_height})">')
        parts += _lines(panel, colours) if isinstance(panel, Lines) else _bars(panel, colours)
        parts.append("</g>")
    return "\n".join([*parts, "</svg>"]) + "\n"


def _legend_rows(names: Sequence[str], width: int) -> int:
    return ceil(len(names) / max(1, (width - _LEFT) // 250))


def _legend(colours: Mapping[str, str], width: int) -> Iterator[str]:
    per_row = max(1, (width - _LEFT) // 250)
    for place, (name, colour) in enumerate(colours.items()):
        left, y = _LEFT + place % per_row * 250, 40 + place // per_row * 18
        yield f'<rect x="{left}" y="{y - 9}" width="18" height="8" fill="{colour}"/>'
        yield f'<text x="{left + 24}" y="{y}">{escape(name)}</text>'


def _frame(panel: Lines | Bars) -> Iterator[str]:
    bottom, right = _ABOVE + _HEIGHT, _WIDTH - _RIGHT
    yield f'<text x="{_LEFT}" y="14" font-weight="bold">{escape(panel.title)}</text>'
    for step in range(5):
        value, y = panel.top() * step / 4, bottom - _HEIGHT * step / 4
        yield f'<path d="M{_LEFT},{y} H{right}" stroke="#ddd"/>'
        yield f'<text x="{_LEFT - 5}" y="{y + 4}" text-anchor="end">{value:g}</text>'
    middle = _ABOVE + _HEIGHT / 2
    yield (
        f'<text transform="translate(12,{middle}) rotate(-90)" text-anchor="middle">'
        f"{escape(panel.y)}</text>"
    )
    yield (
        f'<text x="{(_LEFT + right) / 2}" y="{bottom + 31}" text-anchor="middle">'
        f"{escape(panel.x)}</text>"
    )


def _lines(panel: Lines, colours: Mapping[str, str]) -> Iterator[str]:
    yield from _frame(panel)
    top, bottom = panel.top(), _ABOVE + _HEIGHT
    begin = min(x for points in panel.lines.values() for x, _ in points)
    end = max(x for points in panel.lines.values() for x, _ in points)

    def place(x: float) -> float:
        return _LEFT + (x - begin) / (end - begin) * (_WIDTH - _LEFT - _RIGHT)

    for tick in range(ceil(begin / 5) * 5, floor(end) + 1, 5 if end - begin <= 40 else 10):
        yield f'<text x="{place(tick):.0f}" y="{bottom + 15}" text-anchor="middle">{tick}</text>'
    for at, text in panel.marks.items():
        x = place(at)
        yield f'<path d="M{x:.0f},{_ABOVE - 6} V{bottom}" stroke="#888" stroke-dasharray="3"/>'
        yield f'<text x="{x + 3:.0f}" y="{_ABOVE}" fill="#666">{escape(text)}</text>'
    for name, points in panel.lines.items():
        drawn = " ".join(
            f"{place(x):.0f},{bottom - min(y, top) / top * _HEIGHT:.1f}" for x, y in points
        )
        yield f'<polyline points="{drawn}" fill="none" stroke="{colours[name]}" stroke-width="2"/>'


def _bars(panel: Bars, colours: Mapping[str, str]) -> Iterator[str]:
    yield from _frame(panel)
    top, bottom = panel.top(), _ABOVE + _HEIGHT
    room = (_WIDTH - _LEFT - _RIGHT) / len(panel.groups)
    thick = room * 0.8 / len(panel.names())
    for number, (group, values) in enumerate(panel.groups.items()):
        left = _LEFT + room * number + room * 0.1
        for place, (name, value) in enumerate(values.items()):
            high = value / top * _HEIGHT
            x = left + place * thick
            yield (
                f'<rect x="{x:.1f}" y="{bottom - high:.1f}" width="{thick - 2:.1f}" '
                f'height="{high:.1f}" fill="{colours[name]}"/>'
            )
            yield (
                f'<text x="{x + thick / 2 - 1:.1f}" y="{bottom - high - 3:.1f}" '
                f'text-anchor="middle" font-size="9">{value:.3g}</text>'
            )
        centre = left + room * 0.4
        yield (
            f'<text x="{centre:.1f}" y="{bottom + 15}" text-anchor="middle">{escape(group)}</text>'
        )


def _round_up(most: float) -> float:
    """Return a round number that is not less, so that quarters of it are short to write."""
    if most <= 0:
        return 1.0
    size = 10.0 ** floor(log10(most))
    return next(
        size * step for step in (1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10) if size * step >= most
    )

"""The run as a picture: orders per second, orders pending, and the faults below them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from tests.chaos.faults import Done
from tests.chaos.run import Result

_WIDTH, _LEFT, _RIGHT = 1200, 60, 20
_HEIGHT, _LANE = 120, 9
_COLOURS = {"kill": "#c62828", "restart": "#6a1b9a", "stop": "#ef6c00", "link": "#1565c0"}


def svg(result: Result) -> str:
    """Return the picture as SVG."""
    end_s = result.quiet_at - result.began_at + result.converged_s
    x = _Scale(end_s)
    lanes = _lanes(result.faults)
    below = 2 * _HEIGHT + 135
    height = below + len(lanes) * _LANE + 60
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        'font-family="sans-serif" font-size="11">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{_LEFT}" y="18" font-size="14">Chaos, seed {result.seed}: '
        f"{len(result.violations)} violations</text>",
        *_chart("orders answered 201 or 202, per second", 40, _rate(result), x, "#2e7d32"),
        *_chart("orders pending", 40 + _HEIGHT + 40, _pending(result), x, "#ad1457"),
        *_axis(x, 40 + 2 * _HEIGHT + 74),
        *_faults(result, lanes, x, below),
        *_end_of_faults(result, x, height),
        *_legend(height - 15),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


class _Scale:
    """From seconds to pixels."""

    def __init__(self, end_s: float) -> None:
        self.end_s = max(end_s, 1)

    def __call__(self, at_s: float) -> float:
        return round(_LEFT + at_s / self.end_s * (_WIDTH - _LEFT - _RIGHT), 1)


def _rate(result: Result) -> list[tuple[float, float]]:
    ended = [
        int(a.ended_at - result.began_at)
        for a in result.attempts
        if a.operation == "place" and a.status in (201, 202) and a.ended_at and not a.replayed
    ]
    count = Counter(ended)
    return [(float(second), float(count[second])) for second in range(max(ended, default=0) + 2)]


def _pending(result: Result) -> list[tuple[float, float]]:
    return [(at - result.began_at, float(count)) for at, count in result.watch.pending]


def _chart(
    title: str, top: int, points: Sequence[tuple[float, float]], x: _Scale, colour: str
) -> Iterator[str]:
    most = max((y for _, y in points), default=0) or 1
    bottom = top + 14 + _HEIGHT
    drawn = " ".join(f"{x(s)},{bottom - y / most * _HEIGHT:.1f}" for s, y in points)
    yield f'<text x="{_LEFT}" y="{top + 8}">{title}</text>'
    yield f'<text x="{_LEFT - 6}" y="{top + 22}" text-anchor="end">{most:.0f}</text>'
    yield f'<text x="{_LEFT - 6}" y="{bottom}" text-anchor="end">0</text>'
    yield f'<path d="M{_LEFT},{bottom} H{_WIDTH - _RIGHT}" stroke="#bbb" fill="none"/>'
    yield f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="1.5"/>'


def _axis(x: _Scale, y: int) -> Iterator[str]:
    step = next(s for s in (5, 10, 30, 60, 120, 600, 3600) if x.end_s / s <= 20)
    for second in range(0, int(x.end_s) + 1, step):
        yield f'<text x="{x(second)}" y="{y}" text-anchor="middle">{second} s</text>'


def _lanes(faults: Sequence[Done]) -> list[list[Done]]:
    """Put the faults into as few rows as their overlaps allow."""
    lanes: list[list[Done]] = []
    for done in sorted(faults, key=lambda each: each.at):
        lane = next((lane for lane in lanes if lane[-1].ended_at <= done.at), None)
        if lane is None:
            lanes.append([done])
        else:
            lane.append(done)
    return lanes


def _faults(result: Result, lanes: list[list[Done]], x: _Scale, top: int) -> Iterator[str]:
    for row, lane in enumerate(lanes):
        for done in lane:
            begin, end = x(done.at - result.began_at), x(done.ended_at - result.began_at)
            kind = done.fault.kind
            yield (
                f'<rect x="{begin}" y="{top + row * _LANE}" width="{max(end - begin, 2):.1f}" '
                f'height="{_LANE - 2}" fill="{_COLOURS[kind.split()[0]]}">'
                f"<title>{escape(f'{kind} {done.target}')}</title></rect>"
            )


def _end_of_faults(result: Result, x: _Scale, height: int) -> Iterator[str]:
    at = x(result.quiet_at - result.began_at)
    yield f'<path d="M{at},40 V{height - 40}" stroke="#555" stroke-dasharray="4" fill="none"/>'
    yield f'<text x="{at - 4}" y="{height - 42}" text-anchor="end">faults end</text>'


def _legend(y: int) -> Iterator[str]:
    for place, (kind, colour) in enumerate(_COLOURS.items()):
        left = _LEFT + place * 110
        yield f'<rect x="{left}" y="{y - 9}" width="10" height="10" fill="{colour}"/>'
        yield f'<text x="{left + 15}" y="{y}">{kind}</text>'

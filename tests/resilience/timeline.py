"""A run as a picture: latency of the calls, requests to each instance, the fault behind them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from tests.resilience.load import Call
from tests.resilience.report import quantile
from tests.resilience.run import Result

_WIDTH, _LEFT, _RIGHT, _HEIGHT = 1000, 60, 20, 120
_TOPS = (40, 40 + _HEIGHT + 40)
_BIN_S = 0.5
_COLOURS = ("#c62828", "#1565c0", "#2e7d32", "#ef6c00")
_TRANSITIONS = {"open": "#c62828", "half-open": "#ef6c00", "closed": "#2e7d32"}

Points = list[tuple[float, float]]


def svg(result: Result) -> str:
    """Return the picture as SVG."""
    x = _Scale(result.began_s, result.ended_s)
    title = f"{result.scenario.title}: {len(result.calls)} calls, {result.failed} failed"
    height = _TOPS[1] + _HEIGHT + 75
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        'font-family="sans-serif" font-size="11">',
        '<rect width="100%" height="100%" fill="white"/>',
        *_fault(result, x),
        f'<text x="{_LEFT}" y="18" font-size="14">{escape(title)}</text>',
        *_chart("p99 (red) and p50 (blue) of all calls, ms", _TOPS[0], _latencies(result), x),
        *_chart("requests per second to each instance", _TOPS[1], _rates(result), x),
        *_transitions(result, x, _TOPS[1] + _HEIGHT + 22),
        *_axis(x, _TOPS[1] + _HEIGHT + 45),
        *_legend(result, height - 10),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


class _Scale:
    """From the monotonic clock to pixels."""

    def __init__(self, began_s: float, ended_s: float) -> None:
        self.began_s = began_s
        self.lasts_s = ended_s - began_s

    def __call__(self, at_s: float) -> float:
        part = min(1.0, max(0.0, (at_s - self.began_s) / self.lasts_s))
        return round(_LEFT + part * (_WIDTH - _LEFT - _RIGHT), 1)

    def bins(self) -> Iterator[float]:
        """Return where each bin begins."""
        return (self.began_s + n * _BIN_S for n in range(int(self.lasts_s / _BIN_S)))


def _latencies(result: Result) -> list[Points]:
    bins: dict[int, list[Call]] = defaultdict(list)
    for call in result.calls:
        bins[int((call.at_s - result.began_s) // _BIN_S)].append(call)
    x = _Scale(result.began_s, result.ended_s)
    filled = [(at, bins[n]) for n, at in enumerate(x.bins()) if bins[n]]
    return [[(at + _BIN_S / 2, quantile(calls, share)) for at, calls in filled] for share in _BOTH]


_BOTH = (0.99, 0.5)


def _instances(result: Result) -> list[str]:
    return sorted({each.instance for each in result.record.attempts})


def _rates(result: Result) -> list[Points]:
    count: dict[tuple[str, int], int] = defaultdict(int)
    for each in result.record.attempts:
        count[each.instance, int((each.began_s - result.began_s) // _BIN_S)] += 1
    x = _Scale(result.began_s, result.ended_s)
    return [
        [(at + _BIN_S / 2, count[name, n] / _BIN_S) for n, at in enumerate(x.bins())]
        for name in _instances(result)
    ]


def _chart(title: str, top: int, lines: Sequence[Points], x: _Scale) -> Iterator[str]:
    most = max((y for points in lines for _, y in points), default=0) or 1
    bottom = top + 14 + _HEIGHT
    yield f'<text x="{_LEFT}" y="{top + 8}">{title}</text>'
    yield f'<text x="{_LEFT - 6}" y="{top + 22}" text-anchor="end">{most:.0f}</text>'
    yield f'<text x="{_LEFT - 6}" y="{bottom}" text-anchor="end">0</text>'
    yield f'<path d="M{_LEFT},{bottom} H{_WIDTH - _RIGHT}" stroke="#bbb" fill="none"/>'
    for points, colour in zip(lines, _COLOURS, strict=False):
        drawn = " ".join(f"{x(at)},{bottom - y / most * _HEIGHT:.1f}" for at, y in points)
        yield f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="1.5"/>'


def _fault(result: Result, x: _Scale) -> Iterator[str]:
    left, right = x(result.fault_s), x(result.over_s)
    bottom = _TOPS[1] + _HEIGHT + 28
    yield (
        f'<rect x="{left}" y="30" width="{right - left:.1f}" height="{bottom - 30}" '
        'fill="#fff3e0"/>'
    )


def _transitions(result: Result, x: _Scale, y: int) -> Iterator[str]:
    for each in result.record.transitions:
        yield (
            f'<circle cx="{x(each.at_s)}" cy="{y}" r="3" fill="{_TRANSITIONS[each.after]}">'
            f"<title>{escape(f'{each.instance} {each.after}')}</title></circle>"
        )


def _axis(x: _Scale, y: int) -> Iterator[str]:
    step = next(s for s in (1, 2, 5, 10, 30, 60, 600) if x.lasts_s / s <= 20)
    for second in range(0, int(x.lasts_s) + 1, step):
        at = x(x.began_s + second)
        yield f'<text x="{at}" y="{y}" text-anchor="middle">{second} s</text>'


def _legend(result: Result, y: int) -> Iterator[str]:
    shown = [*zip(_instances(result), _COLOURS, strict=False), ("the fault", "#fff3e0")]
    if result.record.transitions:
        shown += [(f"breaker {after}", colour) for after, colour in _TRANSITIONS.items()]
    for place, (name, colour) in enumerate(shown):
        left = _LEFT + place * 110
        yield (
            f'<rect x="{left}" y="{y - 9}" width="10" height="10" fill="{colour}" stroke="#999"/>'
        )
        yield f'<text x="{left + 15}" y="{y}">{escape(name)}</text>'

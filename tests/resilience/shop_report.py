"""What became of the shop's restart as a table, in Markdown."""

from collections import Counter
from collections.abc import Iterator, Sequence

from tests.resilience.gate import Seen
from tests.resilience.report import quantile
from tests.resilience.shop_restart import Result

_HEAD = (
    "calls",
    "made",
    "failed",
    "answers",
    "p50/p99 before, ms",
    "while restarting",
    "once it is over",
    "retries",
    "breaker transitions",
)


def table(result: Result) -> str:
    """Return a row for each kind of call, and what became of the orders, in Markdown."""
    rows = [
        _HEAD,
        ["---"] * len(_HEAD),
        _row("GET /products/{id}", result, result.reads, (200,)),
        _row("POST /orders", result, result.orders, (201, 202)),
    ]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([*lines, "", *_sums(result)])


def _row(what: str, result: Result, seen: Seen, good: Sequence[int]) -> list[str]:
    answers = sorted(Counter(call.status for call in seen.calls).items())
    return [
        what,
        str(seen.asked),
        str(seen.asked - seen.good(good)),
        ", ".join(f"{count} x {status}" for status, count in answers),
        _latency(seen, result.began_s, result.restarts_s),
        _latency(seen, result.restarts_s, result.over_s),
        _latency(seen, result.over_s, result.ended_s),
        str(len(seen.record.retries)),
        str(len(seen.record.transitions)),
    ]


def _latency(seen: Seen, begin_s: float, end_s: float) -> str:
    calls = [call for call in seen.calls if begin_s <= call.at_s < end_s]
    return f"{quantile(calls, 0.5):.1f} / {quantile(calls, 0.99):.1f}" if calls else ""


def _sums(result: Result) -> Iterator[str]:
    count, took_s = len(result.stops_s), result.over_s - result.restarts_s
    statuses = ", ".join(f"{n} {status}" for status, n in sorted(result.books.statuses.items()))
    yield f"- {count} restarts in {took_s:.0f} s; the longest stop: {max(result.stops_s):.1f} s."
    yield f"- {sum(result.taken)} orders were taken; there are: {statuses}."
    yield f"- {sum(result.pieces)} pieces were ordered; {sum(result.books.reserved)} are reserved."
    yield f"- reconcile: {result.books.reconciled.lines[-1]}."

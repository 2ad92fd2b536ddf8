"""The results as a table, in Markdown."""

from collections.abc import Sequence

from tests.resilience.load import Call
from tests.resilience.run import Result

_HEAD = (
    "scenario",
    "requests",
    "failed",
    "p50/p99 before, ms",
    "during",
    "after 5 s of it",
    "once it is over",
    "share of the faulty",
    "lost at it (unseen + later)",
    "Consul's notice",
    "retries",
    "breaker transitions",
)
_SETTLED_S = 5.0


def table(results: Sequence[Result]) -> str:
    """Return a row for each."""
    rows = [_HEAD, ["---"] * len(_HEAD), *map(_row, results)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _row(result: Result) -> list[str]:
    fault_s, over_s = result.fault_s, result.over_s
    faulty = result.share is not None
    return [
        f"{result.scenario.name}: {result.scenario.title}",
        str(len(result.calls)),
        str(result.failed),
        _latency(result.between(result.began_s, fault_s)),
        _latency(result.between(fault_s, over_s)),
        _settled(result),
        _latency(result.between(over_s, result.ended_s)),
        f"{result.share:.2%}" if result.share is not None else "",
        f"{result.lost - result.lost_late} + {result.lost_late}" if faulty else "",
        f"{result.let_go_s:.1f} s" if faulty and result.let_go_s else "never" if faulty else "",
        str(len(result.record.retries)),
        str(len(result.record.transitions)),
    ]


def _settled(result: Result) -> str:
    """Say how it was from 5 s of the fault on, and how many times the healthy p99 that is."""
    calls = result.between(result.fault_s + _SETTLED_S, result.over_s)
    if not calls:
        return ""
    healthy_ms = quantile(result.between(result.began_s, result.fault_s), 0.99)
    return f"{_latency(calls)} ({quantile(calls, 0.99) / healthy_ms:.1f} x)"


def _latency(calls: Sequence[Call]) -> str:
    return f"{quantile(calls, 0.5):.1f} / {quantile(calls, 0.99):.1f}" if calls else ""


def quantile(calls: Sequence[Call], share: float) -> float:
    """Return the latency, in milliseconds, that this share of the calls did not exceed."""
    took_s = sorted(call.took_s for call in calls)
    return 1000 * took_s[min(len(took_s) - 1, int(share * len(took_s)))]

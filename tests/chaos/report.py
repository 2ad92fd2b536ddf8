"""What is printed at the end: the table, and the timeline of each order that went wrong."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from tests.chaos.checker import Violation
from tests.chaos.client import answered
from tests.chaos.record import Attempt
from tests.chaos.run import Result
from tests.chaos.testimony import Testimony

_SHOWN = 10


def table(result: Result) -> str:
    """Return the table."""
    placings = [a for a in result.attempts if a.operation == "place"]
    others = [a for a in result.attempts if a.operation not in ("place", "look")]
    orders = Counter(order["status"] for order in result.world.orders)
    lines = [
        f"Chaos, seed {result.seed}, {result.quiet_at - result.began_at:.0f} s",
        *_part("faults injected", Counter(done.fault.kind for done in result.faults)),
        *_part("placings by outcome", Counter(a.outcome for a in placings)),
        *_part("other requests by outcome", Counter(_briefly(a) for a in others)),
        *_part("orders by end state", orders),
        *_part("answers", _answers(result.attempts)),
        *_part("stock", {"looks at a product's stock": result.watch.looks}),
        f"time to converge   {result.converged_s:.1f} s",
        f"reconcile          {result.reconciled.summary}",
        f"violations         {len(result.violations)}",
        *_part("violations by kind", Counter(v.rule for v in result.violations)),
    ]
    return "\n".join(lines)


def _part(title: str, counts: dict[str, int]) -> Iterator[str]:
    if counts:
        yield f"{title} ({sum(counts.values())})"
    for name, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        yield f"  {count:>7}  {name}"


def _briefly(attempt: Attempt) -> str:
    outcome = attempt.outcome if attempt.status else "lost"
    return f"{attempt.operation}: {outcome}"


def _answers(attempts: Sequence[Attempt]) -> Counter[str]:
    count: Counter[str] = Counter()
    count["lost on the way"] = sum(a.status is None for a in attempts)
    count["replayed for a key"] = sum(a.replayed and answered(a) for a in attempts)
    count["to requests with a key"] = sum(a.key is not None and answered(a) for a in attempts)
    return count


def complaints(result: Result) -> str:
    """Return the violations, with the timelines of the first orders that they name."""
    testimony = Testimony(result.attempts, {})
    lines = [f"VIOLATION  {violation}" for violation in result.violations[:100]]
    for order in _orders(result.violations)[:_SHOWN]:
        lines += ["", f"Timeline of {order}", *_timeline(result, testimony, order)]
    return "\n".join(lines)


def _orders(violations: Iterable[Violation]) -> list[str]:
    return list(dict.fromkeys(v.order for v in violations if v.order))


def _timeline(result: Result, testimony: Testimony, order: str) -> list[str]:
    """Return what the order's events and the client's log say, in the order of time."""
    tag = testimony.tag_of.get(order)
    for listed in result.world.orders:
        if listed["id"] == order:
            tag = tag or (listed.get("shippingAddress") or {}).get("line2")
    entries = [
        (event["at"], f"event   {event['type']} {event.get('detail', '')}")
        for event in result.world.events.get(order, [])
    ]
    for attempt in result.attempts:
        if attempt.subject in (order, tag):
            about = f"client  {attempt.operation} via {attempt.via}"
            entries.append((stamp(attempt.at), f"{about} (key {attempt.key})"))
            entries.append((stamp(attempt.ended_at or 0), f"{about}: {attempt.outcome}"))
    for done in result.faults:
        entries.append((stamp(done.at), f"  fault {done.fault.kind} {done.target}"))
        entries.append((stamp(done.ended_at), f"  fault over: {done.fault.kind} {done.target}"))
    ours = sorted(entries)
    of_order = [at for at, what in ours if not what.startswith("  fault")]
    shown = [f"  {at}  {what}" for at, what in ours if of_order and _near(at, of_order)]
    return [*shown, f"  reservation: {result.world.reservations.get(order)}"]


def _near(at: str, times: Sequence[str]) -> bool:
    return times[0] <= at <= times[-1]


def stamp(at: float) -> str:
    """Return a time as the services write it."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"

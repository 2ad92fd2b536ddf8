"""Tables for people, and what ``up`` and ``status`` print."""

from collections.abc import Iterable, Sequence

from shop.local.health import Status

_CUSTOMER = '{"email": "ada@example.org", "firstName": "Ada", "lastName": "Lovelace"}'


def table(statuses: Sequence[Status], servers: Iterable[str]) -> str:
    """Return the members as a table: services first, with the addresses a person opens."""
    servers = set(servers)
    statuses = sorted(statuses, key=lambda status: status.service)
    instances = [status for status in statuses if status.service not in servers]
    rows: list[tuple[str, ...]] = [("SERVICE", "INSTANCE", "HEALTH", "PID", "API", "DOCS")]
    rows += [(*_start(s), f"{s.url}/api/v1", f"{s.url}/docs") for s in instances]
    rows += [(*_start(s), s.url, "") for s in statuses if s.service in servers]
    return aligned(rows)


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of as many cells each as lines, one column below the other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def hints(statuses: Sequence[Status]) -> str:
    """Return where to go from here."""
    lines = [f"Consul UI  {status.url}/ui" for status in statuses if status.service == "consul"]
    customer = next((status for status in statuses if status.service == "customer"), None)
    if customer:
        lines.append(
            f"Try        curl -s {customer.url}/api/v1/customers "
            '-H "Authorization: Bearer $(python -m shop token --as staff)" '
            f"-H 'Content-Type: application/json' -d '{_CUSTOMER}'"
        )
    lines.append("Then       python -m shop status | logs | seed | token | down (or: make ...)")
    return "\n".join(lines)


def _start(status: Status) -> tuple[str, str, str, str]:
    pid = str(status.pid) if status.pid else "-"
    return status.service, status.id, status.health, pid

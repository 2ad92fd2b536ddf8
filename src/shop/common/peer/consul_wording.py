"""What is asked of Consul and what it answers, between its words and ours."""

from collections.abc import Mapping
from typing import Any

import orjson

from .consul_api import Answer
from .health import Passing
from .instance import Instance, http_url
from .registration import Registration
from .selection import Selection


def health_query(
    index: int, wait_s: float, datacenter: str | None, selection: Selection
) -> list[tuple[str, str]]:
    """Return the parameters of /v1/health/service.

    ``stale``: any server may answer, not only the leader. So there are answers also while there
    is no leader (default reads fail with 500 then), and the followers share the load. A follower
    is behind by milliseconds, which a caller does not notice; ``lag_s`` tells where it is more.
    """
    query = [("passing", "1"), ("stale", "1"), *(("tag", tag) for tag in selection.tags)]
    if index:
        query += [("index", str(index)), ("wait", _ms(wait_s))]
    return query + ([("dc", datacenter)] if datacenter else [])


def read_passing(answer: Answer) -> Passing:
    """Read an answer of /v1/health/service; the same instance may be known to two agents.

    Raises ValueError, KeyError or TypeError where it is none.
    """
    if "X-Consul-Index" not in answer.headers:
        raise ValueError("an answer without X-Consul-Index is not Consul's")
    nodes = orjson.loads(answer.body)
    found = {(each.id, each.url): each for each in map(_instance, nodes)}
    return Passing(
        max(1, int(answer.headers["X-Consul-Index"])),
        tuple(found[key] for key in sorted(found)),
        int(answer.headers.get("X-Consul-LastContact", 0)) / 1000,
    )


def registering(registration: Registration) -> dict[str, Any]:
    """Return the body of /v1/agent/service/register."""
    https = registration.scheme == "https"
    return {
        "Name": registration.service,
        "ID": registration.id,
        "Address": registration.address,
        "Port": registration.port,
        "Tags": list(registration.tags),
        "Meta": {**registration.meta, **({"scheme": "https"} if https else {})},
        "Check": {
            "TLSSkipVerify": https,
            "HTTP": registration.health_url,
            "Interval": _ms(registration.check_interval_s),
            "Timeout": _ms(registration.check_timeout_s),
            "DeregisterCriticalServiceAfter": _ms(registration.deregister_critical_after_s),
        },
    }


def _ms(s: float) -> str:
    return f"{max(1, round(s * 1000))}ms"


def _instance(node: Mapping[str, Any]) -> Instance:
    service, meta = node["Service"], node["Service"]["Meta"] or {}
    https = meta.get("scheme") == "https"
    return Instance(
        service["Service"],
        id=service["ID"],
        url=http_url(
            service["Address"] or node["Node"]["Address"],
            service["Port"],
            "https" if https else "http",
        ),
        tags=tuple(service["Tags"] or ()),
        meta=meta,
        tls_name=service["Service"] if https else None,
    )

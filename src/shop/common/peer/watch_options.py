"""How a service is watched."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .selection import Selection


@dataclass(frozen=True)
class WatchOptions:
    """``wait_s``: how long a query may block.

    A connection that was cut without a word is noticed when the query should have ended: after
    17/16 of ``wait_s`` and the client's ``request_timeout_s``, so 15.6 s by default (with 30 s
    it would be 37 s). The price is one query per service and client in 10 s while nothing changes,
    in place of one in 30 s: 100 clients of 3 services ask Consul 30 times a second.

    ``first_wait_s``: how long the first resolve may wait for Consul's first answer.
    ``empty_grace_s``: how long an empty answer is doubted while instances are known.
    ``pace_s``: the least time between two queries. ``retry_max_s`` bounds how late the return of
    Consul is noticed: keep it well below one second.
    ``failover_datacenters``: where to look, by preference, while the own has no passing instance.
    ``wanted``: by service, which of its instances; any of them where nothing is said.
    """

    wait_s: float = 10.0
    first_wait_s: float = 3.0
    empty_grace_s: float = 10.0
    pace_s: float = 0.02
    retry_first_s: float = 0.05
    retry_max_s: float = 0.5
    failover_datacenters: tuple[str, ...] = ()
    wanted: Mapping[str, Selection] = field(default_factory=dict, hash=False)

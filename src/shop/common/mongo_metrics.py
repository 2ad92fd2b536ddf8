"""How long MongoDB takes, command by command, and what its connections do.

PyMongo tells its listeners of each command and of each connection's use, which costs some 25 and 10
us of processor time a command; what is done with it here costs less than 1.
"""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from pymongo import monitoring

from shop.common.histogram import Histogram

_KNOWN = frozenset(
    {
        "aggregate",
        "bulkWrite",
        "count",
        "createIndexes",
        "delete",
        "distinct",
        "dropDatabase",
        "endSessions",
        "explain",
        "find",
        "findAndModify",
        "getMore",
        "hello",
        "insert",
        "killCursors",
        "listCollections",
        "listIndexes",
        "ping",
        "update",
    }
)
OTHER = "other"


class CommandSeconds(monitoring.CommandListener):
    """A histogram by command and outcome. A ``getMore`` of a change stream waits for changes, and
    is not counted.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._streams: set[int] = set()
        self._seconds = Histogram(
            "shop_mongo_command_seconds",
            "Time from a command to MongoDB to its answer.",
            ["command", "outcome"],
        )
        registry.register(self._seconds)

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Note what is to be left out."""
        if event.command_name == "getMore" and "maxTimeMS" in event.command:
            self._streams.add(event.request_id)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Count an answer."""
        self._observe(event.command_name, "ok", event)

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Count a refusal, or the loss of the connection."""
        self._observe(event.command_name, "failed", event)

    def _observe(
        self,
        command: str,
        outcome: str,
        event: monitoring.CommandSucceededEvent | monitoring.CommandFailedEvent,
    ) -> None:
        if self._streams and event.request_id in self._streams:
            self._streams.discard(event.request_id)
            return
        known = command if command in _KNOWN else OTHER
        self._seconds.observe((known, outcome), event.duration_micros / 1e6)


class Connections(monitoring.ConnectionPoolListener, Collector):
    """The connections of all pools of a client (there is one pool for each node)."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._open = self._used = self._waiting = self._failed = self._cleared = 0
        registry.register(self)

    def collect(self) -> Iterable[Metric]:
        """Return what is known now."""
        gauges = {
            "open": ("Connections to MongoDB.", self._open),
            "in_use": ("Connections to MongoDB that are in use.", self._used),
            "waiting": ("Operations that wait for a connection to MongoDB.", self._waiting),
        }
        for name, (text, value) in gauges.items():
            yield GaugeMetricFamily(f"shop_mongo_connections_{name}", text, value=value)
        yield CounterMetricFamily(
            "shop_mongo_checkout_failures", "Operations that got no connection.", self._failed
        )
        yield CounterMetricFamily(
            "shop_mongo_pool_clears",
            "How often a node was given up, with all its connections.",
            self._cleared,
        )

    def connection_created(self, event: monitoring.ConnectionCreatedEvent) -> None:  # noqa: ARG002
        """Count a connection in."""
        self._open += 1

    def connection_closed(self, event: monitoring.ConnectionClosedEvent) -> None:  # noqa: ARG002
        """Count a connection out."""
        self._open -= 1

    def connection_check_out_started(
        self,
        event: monitoring.ConnectionCheckOutStartedEvent,  # noqa: ARG002
    ) -> None:
        """Count who waits."""
        self._waiting += 1

    def connection_checked_out(self, event: monitoring.ConnectionCheckedOutEvent) -> None:  # noqa: ARG002
        """Count who has got one."""
        self._waiting -= 1
        self._used += 1

    def connection_check_out_failed(
        self,
        event: monitoring.ConnectionCheckOutFailedEvent,  # noqa: ARG002
    ) -> None:
        """Count who has got none."""
        self._waiting -= 1
        self._failed += 1

    def connection_checked_in(self, event: monitoring.ConnectionCheckedInEvent) -> None:  # noqa: ARG002
        """Count who has given one back."""
        self._used -= 1

    def pool_created(self, event: monitoring.PoolCreatedEvent) -> None:
        """Hear of a pool."""

    def pool_ready(self, event: monitoring.PoolReadyEvent) -> None:
        """Hear that its node answers."""

    def pool_cleared(self, event: monitoring.PoolClearedEvent) -> None:  # noqa: ARG002
        """Count a node given up."""
        self._cleared += 1

    def pool_closed(self, event: monitoring.PoolClosedEvent) -> None:
        """Hear of its end."""

    def connection_ready(self, event: monitoring.ConnectionReadyEvent) -> None:
        """Hear that a connection is let in."""

"""What clients and resolvers know now, as Prometheus gauges."""

from collections.abc import Callable, Iterable, Sequence

from prometheus_client.core import GaugeMetricFamily, Metric

from .breaker import State
from .resolver import WatchView
from .view import InstanceView, PeerView

Known = tuple[PeerView, WatchView | None]  # of one service; None: it was never asked for
_Values = Iterable[tuple[tuple[str, ...], float]]

_STATES = {State.CLOSED: 0, State.HALF_OPEN: 1, State.OPEN: 2}

_PEER: dict[str, tuple[str, Callable[[PeerView], float]]] = {
    "retries_left": (
        "Extra requests that retries and hedges may cost now.",
        lambda peer: peer.retries_left,
    ),
    "in_flight": ("Calls in flight.", lambda peer: peer.in_flight),
    "waiting": ("Calls that wait for others to end.", lambda peer: peer.waiting),
}
_INSTANCE: dict[str, tuple[str, Callable[[InstanceView], float]]] = {
    "breaker_state": (
        "State of an instance's breaker. 0: closed, 1: half-open, 2: open.",
        lambda instance: _STATES[instance.breaker],
    ),
    "expected_latency_seconds": (
        "What the next request to an instance is expected to take (peak EWMA).",
        lambda instance: instance.latency_s,
    ),
}
_WATCH: dict[str, tuple[str, Callable[[WatchView], float]]] = {
    "instances": ("Instances known.", lambda watch: watch.instances),
    "watch_age_seconds": (
        "Time since anything was heard of the peer's instances.",
        lambda watch: watch.age_s,
    ),
    "watch_connected": (
        "Whether the last query for the peer's instances was answered.",
        lambda watch: watch.connected,
    ),
}


def gauges(known: Sequence[Known]) -> Iterable[Metric]:
    """Return all gauges; of what is not known there is no series.

    A breaker's state is one number, not a series per state: one series per instance, the worst of a
    peer is ``max by (peer)``, and Grafana's state timeline maps it to words.
    """
    for name, (text, of_peer) in _PEER.items():
        yield _gauge(name, text, ["peer"], (((peer.service,), of_peer(peer)) for peer, _ in known))
    for name, (text, of_instance) in _INSTANCE.items():
        each = (
            ((peer.service, instance.id), of_instance(instance))
            for peer, _ in known
            for instance in peer.instances
        )
        yield _gauge(name, text, ["peer", "peer_instance"], each)
    for name, (text, of_watch) in _WATCH.items():
        watched = (((peer.service,), of_watch(watch)) for peer, watch in known if watch)
        yield _gauge(name, text, ["peer"], watched)


def _gauge(name: str, text: str, labels: list[str], values: _Values) -> Metric:
    family = GaugeMetricFamily(f"shop_peer_{name}", text, labels=labels)
    for key, value in values:
        family.add_metric(key, float(value))
    return family

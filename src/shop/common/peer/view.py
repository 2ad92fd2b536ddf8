"""What a client knows of its peers at one moment, for people and for metrics."""

from dataclasses import dataclass

from .breaker import State
from .endpoint import Endpoint


@dataclass(frozen=True)
class InstanceView:
    """One instance. ``latency_s``: what the next call is expected to take."""

    id: str
    url: str
    zone: str | None
    breaker: State
    retry_after_s: float
    latency_s: float
    outstanding: int
    warmth: float

    @classmethod
    def of(cls, endpoint: Endpoint, now_s: float) -> "InstanceView":
        """Look at an endpoint."""
        instance = endpoint.instance
        return cls(
            instance.id,
            instance.url,
            instance.zone,
            endpoint.breaker.state,
            endpoint.breaker.retry_after_s(now_s),
            endpoint.estimate_s(now_s),
            endpoint.outstanding,
            endpoint.warmth(now_s),
        )


@dataclass(frozen=True)
class PeerView:
    """One client: its peer's instances, its calls in flight and waiting, its retries left.

    ``hedge_delay_s``: after which a GET is asked a second time; None: it is not.
    """

    service: str
    instances: tuple[InstanceView, ...]
    in_flight: int
    waiting: int
    retries_left: int
    hedge_delay_s: float | None

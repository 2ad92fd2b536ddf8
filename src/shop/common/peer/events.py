"""What a client tells of its work, for metrics and the like."""

from .breaker import State
from .instance import Instance


class PeerListener:
    """Is told what happens; derive from it and override what matters. It must not raise or block.

    ``service`` is always the name of the peer.
    """

    def attempted(self, service: str, instance: Instance, outcome: str, took_s: float) -> None:
        """Hear of one request to one instance.

        ``outcome``: "answered", or why it failed: "unreachable", "broken-off", "timeout",
        "error" (5xx), "dropped" (the caller gave it up).
        """

    def retried(self, service: str) -> None:
        """Hear of a retry that was begun."""

    def hedged(self, service: str) -> None:
        """Hear of a hedge that was begun."""

    def rejected(self, service: str, reason: str) -> None:
        """Hear of a call, or of a retry, that was not let through.

        ``reason``: "bulkhead", "breaker", "no-instance", or "budget" for a retry.
        """

    def breaker_changed(
        self, service: str, instance: Instance, before: State, after: State, reason: str
    ) -> None:
        """Hear of a breaker's change of state."""

    def forgotten(self, service: str, instance: Instance) -> None:
        """Hear that an instance has been gone for long: nothing more will be told of it."""

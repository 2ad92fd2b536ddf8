"""How a call ends that has no answer: which error says what, and when to try again."""

from collections.abc import Sequence

from .attempt import Failure
from .endpoint import Endpoint
from .errors import DeadlineExceeded, PeerError, PeerUnavailable
from .events import PeerListener
from .trail import Trail


class Refusals:
    """Makes one peer's errors. ``retry_after_s``: what they say where the peer says nothing."""

    def __init__(self, service: str, retry_after_s: float, listener: PeerListener) -> None:
        self._service = service
        self._retry_after_s = retry_after_s
        self._listener = listener

    def failed(self, failure: Failure, trail: Trail, now_s: float) -> PeerError:
        """Return the error of a call whose last attempt failed."""
        # The last attempt had all the time there was, or there is too little left for another.
        if failure.kind == "timeout" or now_s >= trail.due_s:
            return self.late(failure.reason, trail)
        return self._unavailable(failure.reason, failure.retry_after_s, trail)

    def nobody(self, endpoints: Sequence[Endpoint], trail: Trail, now_s: float) -> PeerError:
        """Return the error of a call for which none of these may be asked (any more)."""
        if trail.failure is not None:
            return self.failed(trail.failure, trail, now_s)
        if not endpoints:
            return self._rejected("no-instance", "no instance is known", trail)
        soonest_s = min(each.breaker.retry_after_s(now_s) for each in endpoints)
        # Nobody knows when a probe ends that is on its way: then the options say how long.
        return self._rejected("breaker", "every instance is left alone", trail, soonest_s or None)

    def crowded(self, trail: Trail) -> PeerError:
        """Return the error of a call that found no place in the bulkhead."""
        return self._rejected("bulkhead", "too many calls are in flight", trail)

    def late(self, reason: str, trail: Trail) -> PeerError:
        """Return the error of a call whose time is over."""
        return DeadlineExceeded(
            f"{self._service}: {reason}", may_have_happened=trail.may_have_happened
        )

    def _rejected(
        self, reason: str, explained: str, trail: Trail, retry_after_s: float | None = None
    ) -> PeerUnavailable:
        self._listener.rejected(self._service, reason)
        return self._unavailable(explained, retry_after_s, trail)

    def _unavailable(
        self, reason: str, retry_after_s: float | None, trail: Trail
    ) -> PeerUnavailable:
        return PeerUnavailable(
            self._service,
            reason,
            self._retry_after_s if retry_after_s is None else retry_after_s,
            may_have_happened=trail.may_have_happened,
        )

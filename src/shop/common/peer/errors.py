"""What can go wrong between this process and a peer."""


class PeerError(Exception):
    """A call to a peer has no answer that could be used.

    ``may_have_happened`` is False only where the request surely never reached a peer. Where it is
    True, a write may have been carried out all the same: ask, or repeat it under the same address.
    """

    def __init__(self, reason: str, *, may_have_happened: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.may_have_happened = may_have_happened


class PeerUnavailable(PeerError):
    """The peer cannot be reached, or answers with 5xx; it may do better in ``retry_after_s``."""

    def __init__(
        self,
        service: str,
        reason: str,
        retry_after_s: float = 1.0,
        *,
        may_have_happened: bool = False,
    ) -> None:
        super().__init__(f"{service}: {reason}", may_have_happened=may_have_happened)
        self.service = service
        self.reason = reason
        self.retry_after_s = retry_after_s


class DeadlineExceeded(PeerError):
    """The time that was given for the answer has run out."""


class ConsulUnavailable(PeerError):
    """Consul cannot be asked, refuses, or answers with what cannot be understood."""

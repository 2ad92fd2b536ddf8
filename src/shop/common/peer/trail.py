"""One call on its way: what is asked, until when, and what has been tried for it."""

from .attempt import Failure, PeerRequest
from .endpoint import Endpoint


class Trail:
    """``due_s``: until when, on the client's clock. ``attempts``: how many there may be.
    ``idempotent``: it may be done twice.
    """

    __slots__ = (
        "attempts",
        "due_s",
        "failure",
        "idempotent",
        "may_have_happened",
        "request",
        "tried",
    )

    def __init__(self, request: PeerRequest, due_s: float, attempts: int, idempotent: bool) -> None:
        self.request = request
        self.due_s = due_s
        self.attempts = attempts
        self.idempotent = idempotent
        self.tried: tuple[Endpoint, ...] = ()
        self.failure: Failure | None = None
        self.may_have_happened = False

    @property
    def left(self) -> int:
        """How many more attempts there may be."""
        return self.attempts - len(self.tried)

    def add(self, endpoint: Endpoint, failure: Failure) -> None:
        """Take note of an attempt that failed."""
        self.tried = (*self.tried, endpoint)
        self.failure = failure
        self.may_have_happened |= failure.may_have_happened

    def may_go_on(self, now_s: float) -> bool:
        """Say whether another attempt would do no harm, and could do any good.

        What surely reached nobody may be tried again even where it may not be done twice.
        """
        harmless = self.idempotent or not self.may_have_happened
        retriable = self.failure is None or self.failure.may_be_retried
        return harmless and retriable and self.left > 0 and now_s < self.due_s

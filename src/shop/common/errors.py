"""The kinds of error that a caller can be told about.

A service derives its own errors from these kinds and gives each a stable ``code``. Only
``shop.common.web`` knows which HTTP status a kind stands for.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class FieldError:
    """One fault in the input: where (``#/lines/0/quantity``, ``?limit``), and what to do."""

    pointer: str
    detail: str


class CannotStart(Exception):
    """Something outside does not let the service start; the message is one line that says what."""


class ShopError(Exception):
    """An outcome the caller is told about.

    ``code`` is stable and meant for programs, ``title`` says the same to people, ``detail`` says
    what happened this time and what to do. ``members`` are added to the problem as they stand.
    """

    code = "internal-error"
    title = "Something went wrong"

    def __init__(
        self, detail: str, *, fields: Sequence[FieldError] = (), **members: object
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.fields = tuple(fields)
        self.members = members


class Unauthenticated(ShopError):
    """Who calls is not known; ``challenge`` says how to show it (RFC 9110, section 11.6.1)."""

    code = "unauthenticated"
    title = "A valid token is needed"
    challenge = "Bearer"


class Forbidden(ShopError):
    """Who calls is known, and may not do this."""

    code = "forbidden"
    title = "This is not allowed"
    challenge: str | None = None


class NotFound(ShopError):
    """What the address names does not exist."""

    code = "not-found"
    title = "There is no such resource"


class Conflict(ShopError):
    """The state of the resource forbids what was asked."""

    code = "conflict"
    title = "The state of the resource forbids this"


class Gone(ShopError):
    """It was there, and is no longer; asking again is of no use."""

    code = "gone"
    title = "This is no longer there"


class PreconditionFailed(ShopError):
    """``If-Match`` names a version that is no longer the current one."""

    code = "precondition-failed"
    title = "The resource has changed since it was read"


class Malformed(ShopError):
    """The request cannot be read at all."""

    code = "malformed-request"
    title = "The request cannot be read"


class RequestTimeout(ShopError):
    """The request did not arrive in time."""

    code = "request-timeout"
    title = "The request did not arrive in time"


class TooManyRequests(ShopError):
    """The caller asks more often than it may."""

    code = "too-many-requests"
    title = "There are too many requests of this caller"


class UnsupportedMediaType(ShopError):
    """The body is of a type that the operation does not take."""

    code = "unsupported-media-type"
    title = "The body is of a type that is not taken here"


class Unprocessable(ShopError):
    """The request can be read, but what it says is not valid."""

    code = "validation-failed"
    title = "The request breaks the schema"


class Unavailable(ShopError):
    """A part that is needed for the answer is away; the same request may succeed later."""

    code = "unavailable"
    title = "A needed part is away"

    def __init__(self, detail: str, *, retry_after_s: float = 1.0, **members: object) -> None:
        super().__init__(detail, fields=(), **members)
        self.retry_after_s = retry_after_s


class DeadlineExceeded(ShopError):
    """The time that the request was given has run out."""

    code = "deadline-exceeded"
    title = "The request's time ran out"

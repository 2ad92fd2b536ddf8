"""Who asks: the caller of the request being served, as far as this process knows."""

from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What a caller is; each may do different things."""

    ANYONE = "anyone"  # who shows no token
    SHOPPER = "shopper"
    STAFF = "staff"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. ``subject`` is an opaque id, never a name or an address of a person.

    ``customer_id``: whose record and orders a shopper may see; None for all others. ``until_s``:
    when its token ends, in seconds since the epoch; what goes on for long has to end by then.
    """

    kind: Kind
    subject: str
    scopes: frozenset[str] = frozenset()
    customer_id: str | None = None
    until_s: float | None = field(default=None, compare=False)


ANYONE = Caller(Kind.ANYONE, "anyone")

_current: ContextVar[Caller] = ContextVar("caller", default=ANYONE)
enter = _current.set


def current() -> Caller:
    """Return who makes the request being served; outside of one, or without a token: ANYONE."""
    return _current.get()

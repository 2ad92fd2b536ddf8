"""Which request this is: W3C Trace Context, accepted, made where there is none, and passed on.

https://www.w3.org/TR/trace-context/
"""

import re
from collections.abc import Mapping
from contextvars import ContextVar
from random import getrandbits
from typing import NamedTuple

HEADER = "traceparent"
_SAMPLED = 1  # the one flag there is; others must not be handed on
_TRACEPARENT = re.compile(  # versions after 00 may be longer
    r"(?!ff)(?!00.{53}.)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(-.*)?"
)


class Trace(NamedTuple):
    """One request's place in a trace: the trace it belongs to, and this service's part in it.

    Ids need not be hard to guess, only unlike others', so they are made without the system's aid.
    """

    trace_id: str
    span_id: str
    flags: str = "01"

    @classmethod
    def of(cls, traceparent: str | None) -> "Trace":
        """Continue the caller's trace, or start one where the header is absent or not valid."""
        found = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
        if found is None:
            made = "%048x" % getrandbits(192)  # noqa: UP031  # twice as fast as an f-string
            return cls(made[:32], made[32:])
        flags = "01" if int(found[2], 16) & _SAMPLED else "00"
        return cls(found[1], "%016x" % getrandbits(64), flags)  # noqa: UP031

    @property
    def traceparent(self) -> str:
        """The header that hands this trace on."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)
enter = _current.set


def current() -> Trace | None:
    """Return the trace of the request being served, or None outside of one."""
    return _current.get()


def outgoing() -> Mapping[str, str]:
    """Return the headers that a call to another service carries."""
    trace = _current.get()
    return {HEADER: trace.traceparent} if trace else {}

"""Which request this is: W3C Trace Context, accepted, made where there is none, and passed on.

https://www.w3.org/TR/trace-context/
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import NamedTuple

HEADER = "traceparent"
_SAMPLED = 1  # the one flag there is; others must not be handed on
_TRACEPARENT = re.compile(  # versions after 00 may be longer
    r"(?!ff)(?!00.{53}.)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(-.*)?"
)


def _ids() -> Iterator[str]:
    """Make 48 random hex digits at a time, but ask the system for many at once."""
    while True:
        digits = os.urandom(100 * 24).hex()
        for start in range(0, len(digits), 48):
            yield digits[start : start + 48]


_random = _ids().__next__


class Trace(NamedTuple):
    """One request's place in a trace: the trace it belongs to, and this service's part in it."""

    trace_id: str
    span_id: str
    flags: str = "01"

    @classmethod
    def of(cls, traceparent: str | None) -> "Trace":
        """Continue the caller's trace, or start one where the header is absent or not valid."""
        found = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
        made = _random()
        if found is None:
            return cls(made[:32], made[32:], "01")
        return cls(found[1], made[32:], "01" if int(found[2], 16) & _SAMPLED else "00")

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

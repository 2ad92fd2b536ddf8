"""Which request this is: W3C Trace Context, accepted, made where there is none, and passed on.

https://www.w3.org/TR/trace-context/
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

HEADER = "traceparent"
SAMPLED, NOT_SAMPLED = "01", "00"  # the one flag there is; others must not be handed on
_TRACEPARENT = re.compile(  # versions after 00 may be longer
    r"(?!ff)(?!00.{53}.)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?"
)

sampler: Callable[[str], bool] | None = None
"""Decides of a new trace, by its id, whether its spans are kept; None: they would be."""


def sample_by(new: Callable[[str], bool] | None) -> None:
    """Let this one decide from now on."""
    global sampler
    sampler = new


def _ids() -> Iterator[str]:
    """Make 48 random hex digits at a time, but ask the system for many at once."""
    while True:
        digits = os.urandom(100 * 24).hex()
        for start in range(0, len(digits), 48):
            yield digits[start : start + 48]


_random = _ids().__next__


class Trace(NamedTuple):
    """One request's place in a trace: the trace it belongs to, and this service's part in it.

    ``parent_id``: the part that this one was made in; None for the first of a trace.
    """

    trace_id: str
    span_id: str
    flags: str = SAMPLED
    parent_id: str | None = None

    @classmethod
    def of(cls, traceparent: str | None) -> "Trace":
        """Continue the caller's trace, or start one where the header is absent or not valid."""
        found = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
        made = _random()
        if found is None:
            if sampler is not None and not sampler(made[:32]):
                return cls(made[:32], made[32:], NOT_SAMPLED)
            return cls(made[:32], made[32:])
        return cls(found[1], made[32:], _flags(found[3]), found[2])

    @classmethod
    def again(cls, traceparent: str | None) -> "Trace | None":
        """Return the very place that was written down, to go on from there; None if it is none."""
        found = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
        return cls(found[1], found[2], _flags(found[3])) if found else None

    def child(self) -> "Trace":
        """Return a new part of the same trace, made in this one."""
        return Trace(self.trace_id, _random()[32:], self.flags, self.span_id)

    @property
    def traceparent(self) -> str:
        """The header that hands this trace on."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


def _flags(given: str) -> str:
    return SAMPLED if given[1] in "13579bdf" else NOT_SAMPLED


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)
enter = _current.set


def current() -> Trace | None:
    """Return the trace of the request being served, or None outside of one."""
    return _current.get()


@contextmanager
def scope(trace: Trace | None) -> Iterator[None]:
    """Make this the trace of what is done inside."""
    token = _current.set(trace)
    try:
        yield
    finally:
        _current.reset(token)


def outgoing() -> Mapping[str, str]:
    """Return the headers that a call to another service carries."""
    trace = _current.get()
    return {HEADER: trace.traceparent} if trace else {}

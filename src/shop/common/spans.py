"""Spans: what was done for a request, when, and under which part of its trace.

They are told to the ``recorder``, where there is one. Where there is none, a span is nothing: what
asks for one looks at a name and goes on. The ids are those of ``trace``, so that logs, problems
and spans agree.

What a span says is of closed sets or an id of ours: never a query, a body or what a caller wrote.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from time import time_ns
from types import MappingProxyType, TracebackType
from typing import NamedTuple, Protocol, Self

from shop.common import trace
from shop.common.trace import SAMPLED, Trace

Attributes = Mapping[str, str | int]
_NONE: Attributes = MappingProxyType({})


class Kind(Enum):
    """Which side of a call a span is of."""

    SERVER = "server"
    CLIENT = "client"
    INTERNAL = "internal"


class Span(NamedTuple):
    """A piece of work that has ended. ``error``: what kind, if it failed."""

    name: str
    kind: Kind
    trace: Trace
    began_ns: int
    ended_ns: int
    attributes: Attributes = _NONE
    links: Sequence[Trace] = ()
    error: str | None = None


class Going(Protocol):
    """A piece of work under way, as a context manager around it."""

    def __enter__(self) -> Self:
        """Begin: what is done from now on is part of it."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End."""

    def tell(self, attributes: Attributes = _NONE, error: str | None = None) -> None:
        """Add what is known by now; ``error``: it has failed, in this way."""


Recorder = Callable[[Span], None]

recorder: Recorder | None = None


def record_by(new: Recorder | None) -> None:
    """Tell spans to this one from now on; None: to nobody."""
    global recorder
    recorder = new


def span(
    name: str,
    kind: Kind = Kind.INTERNAL,
    attributes: Attributes = _NONE,
    links: Sequence[Trace] = (),
) -> Going:
    """Return a span around what is done inside, as a part of the current trace."""
    return _NOTHING if recorder is None else _Span(name, kind, attributes, links)


def together(name: str, callers: Sequence[Trace | None]) -> Going:
    """Return a span around what is done for several callers at once.

    It is part of the trace of who came first and linked to those of the others, who each have one
    of the same name and time, which is linked to it.
    """
    traces = list(dict.fromkeys(each for each in callers if each is not None))
    trace.enter(traces[0] if traces else None)
    if recorder is None or len(traces) < 2:
        return _NOTHING
    return _Together(name, traces)


def ended(
    name: str, kind: Kind, took_ns: int, attributes: Attributes, error: str | None = None
) -> None:
    """Tell of a part of the current trace that has just ended; of none if there is no trace."""
    current = trace.current()
    if current is not None:
        now_ns = time_ns()
        _record(Span(name, kind, current.child(), now_ns - took_ns, now_ns, attributes, (), error))


def served(
    current: Trace, name: str, took_s: float, attributes: Attributes, error: str | None
) -> None:
    """Tell of a request that was just answered."""
    now_ns = time_ns()
    began_ns = now_ns - int(took_s * 1e9)
    _record(Span(name, Kind.SERVER, current, began_ns, now_ns, attributes, (), error))


def _record(span: Span) -> None:
    if recorder is not None and span.trace.flags == SAMPLED:
        recorder(span)


class _Nothing:
    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def tell(self, attributes: Attributes = _NONE, error: str | None = None) -> None:
        pass


_NOTHING = _Nothing()


class _Span:
    def __init__(
        self, name: str, kind: Kind, attributes: Attributes, links: Sequence[Trace]
    ) -> None:
        self._name = name
        self._kind = kind
        self._attributes = dict(attributes)
        self._links = links
        self._error: str | None = None

    def __enter__(self) -> Self:
        before = trace.current()
        self._trace = before.child() if before else Trace.of(None)
        self._before = before
        trace.enter(self._trace)
        self._began_ns = time_ns()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._error = kind.__name__
        trace.enter(self._before)
        self._tell_of(self._trace, self._links)

    def tell(self, attributes: Attributes = _NONE, error: str | None = None) -> None:
        self._error = error
        self._attributes |= attributes

    def _tell_of(self, trace: Trace, links: Sequence[Trace]) -> None:
        began_ns, attributes = self._began_ns, self._attributes
        _record(
            Span(
                self._name,
                self._kind,
                trace,
                began_ns,
                time_ns(),
                attributes,
                links,
                self._error,
            )
        )


class _Together(_Span):
    def __init__(self, name: str, callers: Sequence[Trace]) -> None:
        super().__init__(name, Kind.INTERNAL, {"shop.callers": len(callers)}, callers[1:])

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, traceback)
        for other in self._links:
            self._tell_of(other.child(), [self._trace])

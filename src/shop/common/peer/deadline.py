"""One deadline per request, kept for everything that is done for it, and passed on to peers.

A deadline is a moment on the monotonic clock, so handing it from call to call costs nothing and
never adds up to more time than was given (Google SRE book, "Addressing Cascading Failures").
"""

import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field

from .errors import DeadlineExceeded

TIMEOUT_HEADER = "Request-Timeout-Ms"

_LONGEST_NUMBER = 9  # digits: 11 days of milliseconds; more is nonsense, and costly to read


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment, in seconds of ``clock``, by which an answer is due."""

    at_s: float
    clock: Callable[[], float] = field(default=time.monotonic, repr=False, compare=False)

    @classmethod
    def after(cls, s: float, clock: Callable[[], float] = time.monotonic) -> "Deadline":
        """Return the deadline that lies ``s`` seconds ahead."""
        return cls(clock() + s, clock)

    @classmethod
    def requested(
        cls, header: str | None, cap_s: float, clock: Callable[[], float] = time.monotonic
    ) -> "Deadline":
        """Return what a caller's ``Request-Timeout-Ms`` asks for, never more than ``cap_s``.

        A header that is missing or not a whole number counts as none.
        """
        if header is None:
            return cls(clock() + cap_s, clock)
        if len(header) > _LONGEST_NUMBER or not header.isascii():
            return cls.after(cap_s, clock)
        return cls.after(min(int(header) / 1000, cap_s) if header.isdigit() else cap_s, clock)

    def remaining_s(self) -> float:
        """Return the seconds that are left; 0.0 once it has passed."""
        return max(0.0, self.at_s - self.clock())

    def check(self) -> float:
        """Return the seconds that are left; raise DeadlineExceeded if there are none."""
        remaining_s = self.remaining_s()
        if not remaining_s:
            raise DeadlineExceeded("the request's time has run out")
        return remaining_s


_current: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


def current_deadline() -> Deadline | None:
    """Return the deadline of the request that is being served here; None: there is none."""
    return _current.get()


enter_deadline = _current.set
"""Make a deadline the current one until the end of this task, and for the tasks it starts."""


class deadline_scope:  # noqa: N801  # a context manager; a generator would cost thrice as much
    """Make ``deadline`` the current one for the code inside, and for the tasks it starts."""

    __slots__ = ("_deadline", "_token")

    def __init__(self, deadline: Deadline | None) -> None:
        self._deadline = deadline

    def __enter__(self) -> None:
        """Begin."""
        self._token = _current.set(self._deadline)

    def __exit__(self, *_: object) -> None:
        """Make the one before the current one again."""
        _current.reset(self._token)

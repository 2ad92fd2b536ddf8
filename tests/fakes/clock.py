"""Time that a test tells."""

from datetime import datetime, timedelta


class HandClock:
    """A clock that goes only when it is told to."""

    def __init__(self, time: datetime) -> None:
        self._time = time

    def __call__(self) -> datetime:
        return self._time

    def advance(self, by: timedelta) -> None:
        """Let so much time pass."""
        self._time += by

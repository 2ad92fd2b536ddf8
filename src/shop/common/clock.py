"""The time of day, as the services keep it: UTC, to the millisecond (what MongoDB stores)."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def now() -> datetime:
    """Return the present time in UTC, cut to whole milliseconds."""
    return to_ms(datetime.now(UTC))


def to_ms(moment: datetime) -> datetime:
    """Cut a time to whole milliseconds, so that it equals itself after a trip through MongoDB."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def rfc3339(moment: datetime) -> str:
    """Write a time as RFC 3339 in UTC with milliseconds: ``2026-01-31T12:00:00.000Z``."""
    return (
        moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
    )

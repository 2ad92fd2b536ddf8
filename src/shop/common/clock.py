"""The time of day, as the services keep it: UTC, to the millisecond (what MongoDB stores)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


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


def epoch_ms(moment: datetime) -> int:
    """Return the milliseconds since 1970."""
    return (moment - _EPOCH) // _MS


def of_epoch_ms(ms: int) -> datetime:
    """Return the time that lies so many milliseconds after 1970; raise ValueError if none does."""
    try:
        return _EPOCH + ms * _MS
    except OverflowError as error:
        raise ValueError("no such time") from error

"""The time of day, as the services keep it: UTC, to the millisecond (what MongoDB stores)."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

Clock = Callable[[], datetime]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})"
)

# What ``rfc3339`` writes.
_AS_WRITTEN = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}\.[0-9]{3}Z"
).fullmatch


def now() -> datetime:
    """Return the present time in UTC, cut to whole milliseconds."""
    return datetime.fromtimestamp(time.time_ns() // 1_000_000 / 1000, UTC)


def to_ms(moment: datetime) -> datetime:
    """Cut a time to whole milliseconds, so that it equals itself after a trip through MongoDB."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@lru_cache(1024)
def rfc3339(moment: datetime) -> str:
    """Write a time as RFC 3339 in UTC with milliseconds: ``2026-01-31T12:00:00.000Z``.

    The last ones are kept: one resource shows a time twice, and many of one moment show the same.
    """
    if moment.tzinfo is not UTC:  # which those from MongoDB have
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"


def of_rfc3339(text: str) -> datetime:
    """Read a time in any zone, cut to whole milliseconds in UTC; raise ValueError if it is none.

    A leap second is none: there is no way to keep it.
    """
    if _AS_WRITTEN(text):
        return datetime.fromisoformat(text)
    if not _RFC3339.fullmatch(text.upper()):
        raise ValueError("not an RFC 3339 time")
    try:
        return to_ms(datetime.fromisoformat(text.upper()).astimezone(UTC))
    except OverflowError as error:
        raise ValueError("no such time") from error


def epoch_ms(moment: datetime) -> int:
    """Return the milliseconds since 1970."""
    return (moment - _EPOCH) // _MS


def of_epoch_ms(ms: int) -> datetime:
    """Return the time that lies so many milliseconds after 1970; raise ValueError if none does."""
    try:
        return _EPOCH + ms * _MS
    except OverflowError as error:
        raise ValueError("no such time") from error

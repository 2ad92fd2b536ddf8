"""Which failed calls are tried again, how often, and after how long."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import Random

from .backoff import Backoff

IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "PUT", "DELETE"})
RETRIED_STATUSES = frozenset({502, 503, 504})


@dataclass(frozen=True)
class RetryOptions:
    """``max_attempts`` counts the first one too: 1 means that nothing is tried again."""

    max_attempts: int = 3
    backoff_first_s: float = 0.025
    backoff_max_s: float = 0.5

    def __post_init__(self) -> None:
        if self.max_attempts < 1:
            raise ValueError("max_attempts counts the first attempt: it is at least 1")


class Retry:
    """The rules, with the randomness they need."""

    def __init__(self, options: RetryOptions = RetryOptions(), rng: Random | None = None) -> None:
        self._backoff = Backoff(options.backoff_first_s, options.backoff_max_s)
        self._rng = rng or Random()  # noqa: S311

    def delay_s(self, failures: int, retry_after_s: float | None) -> float:
        """Return the wait after so many failures; never less than the peer asked for."""
        return max(retry_after_s or 0.0, self._backoff.delay_s(failures, self._rng))


def retry_after_s(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Read Retry-After (RFC 9110, 10.2.3) as seconds; None where there is none to be read."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    # Where the date says no zone ("-0000"), it is UTC.
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())

"""Whether a caller wants what the database has now, past the cache: ``Cache-Control: no-cache``.

For who looks for data that were changed by hand, which no cache can know of.
https://www.rfc-editor.org/rfc/rfc9111#section-5.2.1.4
"""

from contextvars import ContextVar

HEADER = "Cache-Control"

_wanted: ContextVar[bool] = ContextVar("fresh", default=False)


def enter(header: str | None) -> None:
    """Keep for the present request what its ``Cache-Control`` says."""
    _wanted.set(header is not None and "no-cache" in header.lower())


def wanted() -> bool:
    """Tell whether the present request is to be answered past the cache."""
    return _wanted.get()

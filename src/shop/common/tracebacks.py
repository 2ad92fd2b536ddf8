"""What the log says of an exception: its kind and where it came from, and no data.

The text of an exception can quote what it met: MongoDB's, the document that it refused; Python's,
the value that is none. Only texts of kinds that are known not to are shown.
"""

import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import TextIO

from shop.common.errors import CannotStart, ShopError
from shop.common.peer import PeerError
from shop.common.settings import ConfigError

_QUOTE_NOTHING = (
    *(ShopError, PeerError, CannotStart, ConfigError),
    *(OSError, RuntimeError, AttributeError, ImportError, NameError, TypeError, AssertionError),
)
_CAUSE = "\nThe above exception was the direct cause of the following exception:\n"
_CONTEXT = "\nDuring handling of the above exception, another exception occurred:\n"

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def told(error: BaseException) -> str:
    """Return the traceback of an exception, of what caused it, and of those in a group."""
    return "\n".join(_lines(error, set()))


def of_info(exc_info: ExcInfo) -> str:
    """Return the traceback, as structlog asks for it."""
    return told(exc_info[1])


def write(out: TextIO, info: ExcInfo) -> None:
    """Write the traceback, as structlog's console does."""
    out.write("\n" + told(info[1]))


def named(error: BaseException) -> str:
    """Return the kind of an exception, and its text if that quotes nothing."""
    kind = type(error).__qualname__
    if isinstance(error, BaseExceptionGroup):
        return f"{kind}: {len(error.exceptions)} exceptions"
    if isinstance(error, _QUOTE_NOTHING):
        return f"{kind}: {error}"
    code = getattr(error, "code", None)  # of MongoDB's
    return f"{kind} (code {code})" if isinstance(code, int) else kind


def _lines(error: BaseException, seen: set[int]) -> Iterator[str]:
    seen.add(id(error))
    cause, context = error.__cause__, error.__context__
    if cause is not None and id(cause) not in seen:
        yield from (*_lines(cause, seen), _CAUSE)
    elif context is not None and not error.__suppress_context__ and id(context) not in seen:
        yield from (*_lines(context, seen), _CONTEXT)
    yield "Traceback (most recent call last):"
    yield "".join(traceback.format_tb(error.__traceback__)).rstrip("\n")
    yield named(error)
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from (f"  {line}" for part in _lines(each, seen) for line in part.split("\n"))

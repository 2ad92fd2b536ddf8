"""Structured logs: JSON lines for machines, readable ones in a terminal."""

import atexit
import io
import json
import logging
import sys
import time
from typing import Any, BinaryIO, NamedTuple, cast

import orjson
import stamina.instrumentation
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from shop.common import trace, tracebacks
from shop.common.config import LogConfig
from shop.common.lines import Lines

_LEVELS = logging.getLevelNamesMapping()

_lines: "Lines[_Request] | None" = None  # where lines of JSON go, if that is a file descriptor
_least = logging.INFO
_chain: list[Processor] = []  # structlog's; tests put others into it, to capture what is logged
_renderer: Processor | None = None  # the last of it


def configure(config: LogConfig) -> None:
    """Set up structlog, and lead what libraries log through it, at the configured level."""
    global _lines, _chain, _renderer
    readable = config.format == "console" or (config.format == "auto" and sys.stderr.isatty())
    _lines = None if readable else _to_stderr()
    set_level(config.level)
    shared: list[Processor] = [
        _above_the_level,
        structlog.contextvars.merge_contextvars,
        _add_trace,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    _chain = [*shared, *_final(readable)]
    _renderer = _chain[-1]
    structlog.configure(
        processors=_chain,
        # Loggers keep their class for good, and the level may change: it is asked in the chain.
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr)
        if readable
        else structlog.BytesLoggerFactory(cast(BinaryIO, _lines or sys.stderr.buffer)),
        cache_logger_on_first_use=True,
    )
    atexit.unregister(close)
    atexit.register(close)
    _lead_libraries()
    sys.excepthook = _died


def set_level(name: str) -> None:
    """Log from now on what has this level ("debug", "info", "warning", "error") or a higher one.

    Of what libraries say, never less than warnings.
    """
    global _least
    _least = _LEVELS[name.upper()]
    logging.getLogger().setLevel(max(_least, logging.WARNING))


def request(
    operation: str,
    method: str,
    path: str,
    status: int,
    taken_s: float,
    current: trace.Trace | None = None,
) -> None:
    """Log a request that was answered; ``current``: its trace, if that is none of the context's.

    These are most of all lines, so where they are JSON they are made here, which costs a fifth of
    structlog's chain, and are written with the others of this tick of the loop.
    """
    level = logging.WARNING if status >= 500 else logging.INFO
    if level < _least:
        return
    current = current or trace.current()
    if _lines is not None and _chain[-1] is _renderer:
        trace_id = current.trace_id if current else ""
        _lines.add(_Request(operation, method, path, status, taken_s, trace_id, time.time_ns()))
        return
    structlog.get_logger().log(
        level,
        "request",
        operation=operation,
        method=method,
        path=path,
        status=status,
        ms=round(taken_s * 1000, 2),
        **({"traceId": current.trace_id} if current else {}),
    )


class _Request(NamedTuple):
    operation: str
    method: str
    path: str
    status: int
    taken_s: float
    trace_id: str
    at_ns: int


def _show(request: _Request) -> bytes:
    """Return the line that structlog would write."""
    operation, method, path, status, taken_s, trace_id, at_ns = request
    told = f'"traceId":"{trace_id}",' if trace_id else ""
    level = "warning" if status >= 500 else "info"
    return (
        f'{{"operation":"{operation}","method":"{method}","path":{_dumps(path).decode()},'
        f'"status":{status},"ms":{taken_s * 1000:.2f},"event":"request",{told}'
        f'"level":"{level}","timestamp":"{_time(at_ns)}"}}\n'.encode()
    )


_second, _shown = 0, ""


def _time(at_ns: int) -> str:
    """Return a time as structlog shows it; what is before the microseconds is made once."""
    global _second, _shown
    at_us = at_ns // 1000
    second = at_us // 1_000_000
    if second != _second:
        _second, _shown = second, time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second))
    return f"{_shown}{at_us - second * 1_000_000:06d}Z"


def dropped() -> int:
    """Return how many lines were dropped, since standard error did not take them."""
    return _lines.dropped if _lines is not None else 0


def close(within_s: float = 1.0) -> None:
    """Write what waits to be written, for at most so long."""
    if _lines is not None:
        _lines.close(within_s)


def _to_stderr() -> "Lines[_Request] | None":
    try:
        return Lines(sys.stderr.fileno(), _show, _told)
    except io.UnsupportedOperation:  # as in tests, that look at what is written
        return None


def _told(dropped: int) -> bytes:
    line = {
        "lines": dropped,
        "event": "log lines dropped",
        "level": "warning",
        "timestamp": _time(time.time_ns()),
    }
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def _final(readable: bool) -> list[Processor]:
    if readable:
        colors = sys.stderr.isatty()
        return [structlog.dev.ConsoleRenderer(colors, exception_formatter=tracebacks.write)]
    shown = structlog.processors.ExceptionRenderer(tracebacks.of_info)
    return [shown, structlog.processors.JSONRenderer(_dumps)]


def _dumps(event: Any, **_: Any) -> bytes:
    try:
        return orjson.dumps(event, default=str)
    except TypeError:  # half a surrogate pair, a huge int, a key that is no text
        return json.dumps(event, default=str, skipkeys=True).encode()


def _above_the_level(_logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    if _LEVELS.get(method.upper(), logging.ERROR) < _least:
        raise structlog.DropEvent
    return event


def _add_trace(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    current = trace.current()
    if current is not None:
        event["traceId"] = current.trace_id
    return event


class _Forward(logging.Handler):
    """Hands records of the standard logging module to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log the record under its logger's name."""
        log = structlog.get_logger(record.name)
        level = min(record.levelno // 10 * 10, logging.CRITICAL)  # structlog knows no others
        try:
            log.log(level, _message(record), logger=record.name, exc_info=record.exc_info)
        except Exception:
            self.handleError(record)


def _message(record: logging.LogRecord) -> str:
    """Return what a library says; asyncio shows, on further lines, the text of exceptions."""
    message = record.getMessage()
    return message.partition("\n")[0] if record.name == "asyncio" else message


def _died(_kind: type[BaseException], error: BaseException, _where: object) -> None:
    """Say by what the process ends."""
    sys.stderr.write(tracebacks.told(error) + "\n")


def _lead_libraries() -> None:
    stamina.instrumentation.set_on_retry_hooks(())  # who waits says so once, not once per try
    logging.getLogger().handlers = [_Forward()]

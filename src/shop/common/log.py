"""Structured logs: JSON lines for machines, readable ones in a terminal."""

import json
import logging
import sys
from typing import Any

import orjson
import stamina.instrumentation
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from shop.common import trace
from shop.common.config import LogConfig


def configure(config: LogConfig) -> None:
    """Set up structlog, and lead what libraries log through it, at the configured level."""
    level = logging.getLevelName(config.level.upper())
    readable = config.format == "console" or (config.format == "auto" and sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_trace,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, *_final(readable)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr)
        if readable
        else structlog.BytesLoggerFactory(file=sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )
    _lead_libraries(level)


def _final(readable: bool) -> list[Processor]:
    if readable:
        return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_dumps)]


def _dumps(event: Any, **_: Any) -> bytes:
    try:
        return orjson.dumps(event, default=str)
    except TypeError:  # half a surrogate pair, a huge int, a key that is no text
        return json.dumps(event, default=str, skipkeys=True).encode()


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
            log.log(level, record.getMessage(), logger=record.name, exc_info=record.exc_info)
        except Exception:
            self.handleError(record)


def _lead_libraries(level: int) -> None:
    stamina.instrumentation.set_on_retry_hooks(())  # who waits says so once, not once per try
    root = logging.getLogger()
    root.handlers = [_Forward()]
    root.setLevel(max(level, logging.WARNING))

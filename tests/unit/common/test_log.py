"""Logs: one JSON object a line, whatever is logged, by whoever logs it."""

import json
import logging
import sys

import pytest
import structlog

from shop.common import log, trace
from shop.common.config import LogConfig


@pytest.fixture(autouse=True)
def logging_restored():
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    token = trace.enter(None)
    yield
    trace._current.reset(token)
    structlog.reset_defaults()
    root.handlers = handlers
    root.setLevel(level)


@pytest.fixture
def lines(capsysbinary):
    """Read what was logged."""
    return lambda: [json.loads(line) for line in capsysbinary.readouterr().err.splitlines()]


def test_a_line_has_its_level_its_time_and_what_was_said(lines):
    log.configure(LogConfig(format="json"))
    structlog.get_logger().info("listening", port=8001)
    (line,) = lines()
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "listening", "level": "info", "port": 8001}


def test_a_line_names_the_trace_of_its_request(lines):
    log.configure(LogConfig(format="json"))
    current = trace.Trace.of(None)
    trace.enter(current)
    structlog.get_logger().info("request")
    assert lines()[0]["traceId"] == current.trace_id


@pytest.mark.parametrize(
    "odd", ["\udcff", 2**70, {1: 2}, {("a", "b"): 1}, object(), b"\xff", {"a"}, float("nan")]
)
def test_nothing_that_is_logged_can_break_the_log(lines, odd):
    log.configure(LogConfig(format="json"))
    structlog.get_logger().info("odd", value=odd)
    assert lines()[0]["event"] == "odd"


def test_what_is_below_the_level_is_not_logged(lines):
    log.configure(LogConfig(level="warning", format="json"))
    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("loud")
    assert [line["event"] for line in lines()] == ["loud"]


def test_what_libraries_warn_of_is_led_through(lines):
    log.configure(LogConfig(format="json"))
    logging.getLogger("a.library").warning("%d of them", 3)
    (line,) = lines()
    assert (line["event"], line["logger"], line["level"]) == ("3 of them", "a.library", "warning")


def test_what_libraries_say_below_a_warning_is_not_logged_even_at_debug(lines):
    log.configure(LogConfig(level="debug", format="json"))
    logging.getLogger("a.library").info("chatter")
    assert lines() == []


@pytest.mark.parametrize(("level", "shown"), [(31, "warning"), (45, "error"), (99, "critical")])
def test_levels_of_a_librarys_own_are_led_through(lines, level, shown):
    log.configure(LogConfig(format="json"))
    logging.getLogger("a.library").log(level, "odd level")
    assert lines()[0]["level"] == shown


def test_the_exception_of_a_library_is_shown(lines):
    log.configure(LogConfig(format="json"))
    try:
        raise RuntimeError("oh")
    except RuntimeError:
        logging.getLogger("a.library").exception("failed")
    assert "RuntimeError: oh" in lines()[0]["exception"]


def test_in_a_terminal_lines_are_for_people(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    log.configure(LogConfig())
    structlog.get_logger().info("listening", port=8001)
    shown = capsys.readouterr().err
    assert "listening" in shown
    assert not shown.startswith("{")

"""Logs: one JSON object a line, whatever is logged, by whoever logs it."""

import asyncio
import json
import logging
import sys

import pytest
import structlog
from structlog.testing import capture_logs

from shop.common import log, trace
from shop.common.config import LogConfig


@pytest.fixture(autouse=True)
def logging_restored():
    root = logging.getLogger()
    handlers, level, hook = root.handlers, root.level, sys.excepthook
    token = trace.enter(None)
    yield
    trace._current.reset(token)
    structlog.reset_defaults()
    log._lines, log._least = None, logging.INFO
    root.handlers = handlers
    root.setLevel(level)
    sys.excepthook = hook


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


async def test_of_what_asyncio_says_the_text_of_the_exception_is_left_out(lines):
    email = "ada@example.com"

    async def fail():
        raise ValueError(email)

    log.configure(LogConfig(format="json"))
    task = asyncio.ensure_future(fail())
    await asyncio.wait([task])
    said = {"message": "never retrieved", "exception": task.exception(), "future": task}
    asyncio.get_running_loop().default_exception_handler(said)
    (line,) = lines()
    assert email not in str(line)
    assert line["event"] == "never retrieved"
    assert line["exception"].endswith("ValueError")


def test_what_ends_the_process_is_told_without_data(capsys):
    log.configure(LogConfig(format="json"))
    error = ValueError("ada@example.com")
    sys.excepthook(ValueError, error, None)
    told = capsys.readouterr().err
    assert "ada@example.com" not in told
    assert told.rstrip().endswith("ValueError")


def test_the_exception_of_a_library_is_shown(lines):
    log.configure(LogConfig(format="json"))
    try:
        raise RuntimeError("oh")
    except RuntimeError:
        logging.getLogger("a.library").exception("failed")
    assert "RuntimeError: oh" in lines()[0]["exception"]


# --- The line of a request -----------------------------------------------------------------------


@pytest.fixture
def configured(tmp_path, monkeypatch):
    """Configure the log to go to a file, and return what reads that."""
    with (tmp_path / "log").open("w") as file:

        def configure(**options):
            monkeypatch.setattr(sys, "stderr", file)
            log.configure(LogConfig(format="json", **options))
            return lambda: [
                json.loads(line) for line in (tmp_path / "log").read_bytes().split(b"\n")[:-1]
            ]

        yield configure


async def ticked() -> None:
    await asyncio.sleep(0)


@pytest.mark.parametrize(("status", "level"), [(200, "info"), (404, "info"), (500, "warning")])
async def test_the_line_of_a_request_is_the_one_that_structlog_would_write(
    configured, status, level
):
    written = configured()
    trace.enter(trace.Trace.of(None))
    about = {"operation": "get", "method": "GET", "path": '/a"b\\ü', "status": status, "ms": 12.35}
    getattr(structlog.get_logger(), level)("request", **about)
    log.request("get", "GET", '/a"b\\ü', status, 0.012345)
    await ticked()
    model, ours = written()
    assert ours.pop("timestamp").endswith("Z")
    assert len(model.pop("timestamp")) == len("2026-01-31T12:00:00.000000Z")
    assert list(ours.items()) == list(model.items())


async def test_lines_of_requests_and_others_stand_in_their_order(configured):
    written = configured()
    log.request("one", "GET", "/", 200, 0.1)
    structlog.get_logger().info("two")
    log.request("three", "GET", "/", 200, 0.1)
    await ticked()
    assert [line.get("operation", line["event"]) for line in written()] == ["one", "two", "three"]


async def test_a_path_that_is_no_text_cannot_break_the_log(configured):
    written = configured()
    log.request("get", "GET", "/\udcff", 200, 0.1)
    await ticked()
    (line,) = written()
    assert (line["event"], line["path"]) == ("request", "/\udcff")


async def test_requests_below_the_level_are_not_logged(configured):
    written = configured(level="warning")
    log.request("get", "GET", "/", 200, 0.1)
    log.request("get", "GET", "/", 503, 0.1)
    await ticked()
    assert [line["status"] for line in written()] == [503]


async def test_who_captures_the_log_captures_the_lines_of_requests_too(configured):
    written = configured()
    with capture_logs() as logs:
        log.request("get", "GET", "/", 200, 0.1)
    await ticked()
    assert [line["event"] for line in logs] == ["request"]
    assert written() == []


async def test_what_waits_is_written_at_the_end(configured):
    written = configured()
    log.request("get", "GET", "/", 200, 0.1)
    assert written() == []
    log.close()
    assert len(written()) == 1


def test_in_a_terminal_lines_are_for_people(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    log.configure(LogConfig())
    structlog.get_logger().info("listening", port=8001)
    shown = capsys.readouterr().err
    assert "listening" in shown
    assert not shown.startswith("{")


def test_the_level_changes_for_loggers_that_are_in_use(lines):
    log.configure(LogConfig(level="info", format="json"))
    logger = structlog.get_logger()
    logger.debug("hidden")
    log.set_level("debug")
    logger.debug("shown")
    log.set_level("error")
    logger.warning("hidden")
    log.request("get_thing", "GET", "/", 500, 0.1)
    logger.error("shown too")
    assert [line["event"] for line in lines()] == ["shown", "shown too"]

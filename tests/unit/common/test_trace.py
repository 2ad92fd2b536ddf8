"""Trace Context (https://www.w3.org/TR/trace-context/, section 3.2)."""

import re

import pytest

from shop.common import trace
from shop.common.trace import Trace

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN_ID = "00f067aa0ba902b7"


@pytest.fixture(autouse=True)
def outside_of_a_request():
    token = trace.enter(None)
    yield
    trace._current.reset(token)


@pytest.mark.parametrize(
    ("given", "flags"),
    [
        (f"00-{TRACE_ID}-{SPAN_ID}-01", "01"),
        (f"00-{TRACE_ID}-{SPAN_ID}-00", "00"),
        (f"00-{TRACE_ID}-{SPAN_ID}-ff", "01"),  # unknown flags are set to zero
        (f"00-{TRACE_ID}-{SPAN_ID}-02", "00"),
        (f"cc-{TRACE_ID}-{SPAN_ID}-01", "01"),  # a later version
        (f"cc-{TRACE_ID}-{SPAN_ID}-01-what-the-future-will-be-like", "01"),
        (f"cc-{TRACE_ID}-{SPAN_ID}-01-", "01"),
    ],
)
def test_a_valid_traceparent_is_continued_in_a_span_of_our_own(given, flags):
    continued = Trace.of(given)
    assert continued.trace_id == TRACE_ID
    assert continued.span_id != SPAN_ID
    assert continued.flags == flags


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "garbage",
        f"ff-{TRACE_ID}-{SPAN_ID}-01",
        f"00-{'0' * 32}-{SPAN_ID}-01",
        f"00-{TRACE_ID}-{'0' * 16}-01",
        f"00-{TRACE_ID.upper()}-{SPAN_ID}-01",
        f"00-{TRACE_ID[:-1]}-{SPAN_ID}-01",
        f"00-{TRACE_ID}0-{SPAN_ID}-01",
        f"00-{TRACE_ID}-{SPAN_ID[:-1]}-01",
        f"00-{TRACE_ID}-{SPAN_ID}-1",
        f"00-{TRACE_ID}-{SPAN_ID}",
        f"00-{TRACE_ID}-{SPAN_ID}-01-more",  # version 00 has no more
        f"00-{TRACE_ID}-{SPAN_ID}-01-",
        f"00-{TRACE_ID}-{SPAN_ID}-011",
        f"cc-{TRACE_ID}-{SPAN_ID}-01.more",
        f"00-{TRACE_ID}-{SPAN_ID}-01\n",
        f" 00-{TRACE_ID}-{SPAN_ID}-01",
        f"0-{TRACE_ID}-{SPAN_ID}-01",
        f"00_{TRACE_ID}_{SPAN_ID}_01",
        f"0g-{TRACE_ID}-{SPAN_ID}-01",
        f"00-{'٤' * 32}-{SPAN_ID}-01",
    ],
)
def test_a_traceparent_that_is_not_valid_starts_a_new_trace(given):
    started = Trace.of(given)
    assert started.trace_id not in (TRACE_ID, "0" * 32)
    assert started.flags == "01"
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", started.traceparent)


def test_no_two_traces_are_the_same():
    assert len({Trace.of(None).trace_id for _ in range(100)}) == 100


def test_what_is_handed_on_is_understood():
    ours = Trace.of(None)
    assert Trace.of(ours.traceparent).trace_id == ours.trace_id


def test_calls_carry_the_trace_of_the_request_they_are_made_for():
    assert trace.current() is None
    assert trace.outgoing() == {}
    current = Trace(TRACE_ID, SPAN_ID)
    trace.enter(current)
    assert trace.current() is current
    assert trace.outgoing() == {"traceparent": f"00-{TRACE_ID}-{SPAN_ID}-01"}


def test_a_part_names_the_part_that_it_was_made_in():
    caller = Trace.of(None)
    here = Trace.of(caller.traceparent)
    assert (here.parent_id, caller.parent_id) == (caller.span_id, None)
    below = here.child()
    assert (below.trace_id, below.parent_id) == (here.trace_id, here.span_id)
    assert below.span_id != here.span_id


def test_a_place_that_was_written_down_is_found_again():
    here = Trace.of(f"00-{'a' * 32}-{'b' * 16}-00")
    again = Trace.again(here.traceparent)
    assert again == here._replace(parent_id=None)
    assert Trace.again(None) is Trace.again("nonsense") is None

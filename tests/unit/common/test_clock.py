"""Times: to the millisecond, in UTC, as RFC 3339 writes them."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.common import clock

ZONES = st.timezones() | st.just(UTC)
MOMENTS = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=ZONES)
SHOWN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")


def test_now_has_whole_milliseconds_in_utc():
    moment = clock.now()
    assert moment.tzinfo is UTC
    assert moment == clock.to_ms(moment)


@given(MOMENTS)
def test_a_time_is_shown_in_24_characters_whatever_its_year_and_zone(moment):
    assert SHOWN.fullmatch(clock.rfc3339(moment))


@given(MOMENTS)
def test_a_time_that_was_shown_is_read_back_to_the_millisecond(moment):
    assert clock.of_rfc3339(clock.rfc3339(moment)) == clock.to_ms(moment.astimezone(UTC))


@given(st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.just(UTC)))
def test_milliseconds_since_1970_and_back(moment):
    assert clock.of_epoch_ms(clock.epoch_ms(moment)) == clock.to_ms(moment)


@pytest.mark.parametrize("ms", [2**63, -(2**63), 10**30, 253402300800000])
def test_what_lies_outside_of_the_calendar_is_no_time(ms):
    with pytest.raises(ValueError, match="no such time"):
        clock.of_epoch_ms(ms)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31t12:00:00z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00.1Z", datetime(2026, 1, 31, 12, 0, 0, 100000, UTC)),
        ("2026-01-31T12:00:00.123987654321Z", datetime(2026, 1, 31, 12, 0, 0, 123000, UTC)),
        ("2026-01-31T12:00:00+05:30", datetime(2026, 1, 31, 6, 30, tzinfo=UTC)),
        ("2026-01-31T12:00:00-00:00", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2024-02-29T23:59:59-23:59", datetime(2024, 3, 1, 23, 58, 59, tzinfo=UTC)),
    ],
)
def test_any_time_of_rfc_3339_is_read(text, moment):
    read = clock.of_rfc3339(text)
    assert read == moment
    assert read.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-01-31",
        "2026-01-31T12:00:00",  # no offset
        "2026-01-31 12:00:00Z",
        "2026-01-31T12:00Z",
        "2026-01-31T12+00:00",
        "20260131T120000Z",  # ISO 8601, but not RFC 3339
        "2026-W05-6T12:00:00Z",
        "2026-01-31T12:00:00,5Z",
        "2026-01-31T12:00:00.Z",
        "2026-01-31T12:00:00+0530",
        "2026-01-31T12:00:00+05:30:10",
        "2026-01-31T12:00:00+25:00",
        "2026-02-29T12:00:00Z",
        "2026-13-01T12:00:00Z",
        "2026-01-31T24:00:00Z",
        "2016-12-31T23:59:60Z",  # a leap second
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",  # before the calendar, in UTC
        "9999-12-31T23:59:59-14:00",  # after it
        "2026-01-31T12:00:00Z\n",
        "٢٠٢٦-01-31T12:00:00Z",
    ],
)
def test_anything_else_is_no_time(text):
    with pytest.raises(ValueError):  # noqa: PT011 - the calendar's own words differ
        clock.of_rfc3339(text)


def test_a_time_is_cut_and_not_rounded():
    moment = datetime(2026, 1, 31, 12, 0, 0, 999999, timezone(timedelta(hours=1)))
    assert clock.rfc3339(moment) == "2026-01-31T11:00:00.999Z"
    assert clock.to_ms(moment).microsecond == 999000

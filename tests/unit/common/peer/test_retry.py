from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.common.peer import RetryOptions
from shop.common.peer.retry import Retry, retry_after_s

NOW = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)


def test_no_attempt_at_all_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        RetryOptions(max_attempts=0)


@given(failures=st.integers(1, 50), seed=st.integers())
def test_a_wait_stays_between_nothing_and_the_cap(failures, seed):
    options = RetryOptions(backoff_first_s=0.1, backoff_max_s=0.4)
    assert 0.0 <= Retry(options, Random(seed)).delay_s(failures, None) <= 0.4


def test_a_wait_is_never_shorter_than_the_peer_asked_for():
    assert Retry(RetryOptions(backoff_max_s=0.4)).delay_s(1, 3.0) == 3.0


@pytest.mark.parametrize(
    ("value", "expected_s"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("Sat, 31 Jan 2026 12:00:05 GMT", 5.0),
        ("Sat, 31 Jan 2026 12:00:05 -0000", 5.0),
        ("Sat, 31 Jan 2026 11:59:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-3", None),
        ("1.5", None),
        ("Sat, 99 Jan 2026 12:00:05 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value, expected_s):
    assert retry_after_s({"Retry-After": value}, NOW) == expected_s


def test_no_retry_after_is_none():
    assert retry_after_s({}, NOW) is None

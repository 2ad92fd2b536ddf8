import pytest
from bench.speed.wrk import Failed, parse

PRINTED = """Running 2s test @ http://127.0.0.1:1
  1 threads and 64 connections
Requests/sec:  10.00
shop-bench {"requests":1000,"duration_us":2000000,"bytes":1,"refused":100,"broken":3,\
"p50_us":1500,"p99_us":7250,"max_us":9000}
"""


def test_what_is_told_is_read():
    told = parse(PRINTED)
    assert (told.p50_ms, told.p99_ms, told.broken) == (1.5, 7.25, 3)


def test_refused_requests_are_not_in_the_rate():
    assert parse(PRINTED).rate == 450


def test_a_run_that_tells_nothing_has_failed_with_what_was_printed():
    with pytest.raises(Failed, match="unable to connect"):
        parse("unable to connect to 127.0.0.1:1 Connection refused")

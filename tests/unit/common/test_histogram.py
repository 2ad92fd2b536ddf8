"""The histogram: as prometheus_client shows one, with examples where OpenMetrics is spoken."""

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from shop.common.histogram import Histogram

OPENMETRICS = "application/openmetrics-text;version=1.0.0"


def shown(histogram: Histogram, accept: str) -> list[str]:
    registry = CollectorRegistry()
    registry.register(histogram)
    encode, _ = choose_encoder(accept)
    return encode(registry).decode().splitlines()


def test_openmetrics_shows_the_last_trace_of_each_bucket():
    histogram = Histogram("took_seconds", "Time.", ["kind"], [0.1, 1])
    histogram.observe(("a",), 0.05, "11")
    histogram.observe(("a",), 0.06, "22")
    histogram.observe(("a",), 5.0)
    lines = shown(histogram, OPENMETRICS)
    (small,) = [line for line in lines if 'le="0.1"' in line]
    assert small.startswith('took_seconds_bucket{kind="a",le="0.1"} 2.0 # {trace_id="22"} 0.06 ')
    assert 'took_seconds_bucket{kind="a",le="+Inf"} 3.0' in lines


def test_plain_text_shows_none():
    histogram = Histogram("took_seconds", "Time.", [], [1])
    histogram.observe((), 0.5, "11")
    lines = shown(histogram, "text/plain")
    assert 'took_seconds_bucket{le="1.0"} 1.0' in lines
    assert not [line for line in lines if "trace_id" in line]


def test_it_counts_under_each_set_of_labels():
    histogram = Histogram("took_seconds", "Time.", ["kind", "status"])
    for status in (200, 200, 404):
        histogram.observe(("a", status), 0.5)
    assert (histogram.count("a", 200), histogram.count("a", 404)) == (2, 1)
    assert histogram.count("b", 200) == 0

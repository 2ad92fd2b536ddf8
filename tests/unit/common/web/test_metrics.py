"""Metrics of requests: what prometheus_client's own histogram would show."""

import pytest
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.exposition import generate_latest

from shop.common.histogram import SECONDS
from shop.common.web.metrics import request_seconds


def shown(registry: CollectorRegistry) -> list[str]:
    lines = generate_latest(registry).decode().splitlines()
    return [line.split(" ")[0] if "_created{" in line else line for line in lines]


@pytest.mark.parametrize(
    "observed",
    [
        [],
        [("get_thing", 200, 0.004)],
        [("get_thing", 200, bound) for bound in SECONDS],
        [("get_thing", 200, 0.0), ("get_thing", 404, 11.0), ("list_things", 200, 10.0)] * 3,
    ],
)
def test_it_shows_what_a_histogram_of_prometheus_client_shows(observed):
    ours, model = CollectorRegistry(), CollectorRegistry()
    metrics = request_seconds(ours)
    histogram = Histogram(
        "shop_http_request_seconds",
        "Time from a request's arrival to its answer.",
        ["operation", "status"],
        buckets=SECONDS,
        registry=model,
    )
    for operation, status, taken_s in observed:
        metrics.observe((operation, status), taken_s)
        histogram.labels(operation, str(status)).observe(taken_s)
    assert shown(ours) == shown(model)

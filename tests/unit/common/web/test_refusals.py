"""Who is not let in is counted, by why; all else that goes wrong is not."""

import pytest
from prometheus_client import CollectorRegistry

from shop.common.auth import InsufficientScope, InvalidToken, NoToken
from shop.common.errors import Forbidden, NotFound, Unauthenticated, Unavailable
from shop.common.rate import RateLimited
from shop.common.web.refusals import Refusals


class OutOfHours(Forbidden):
    code = "out-of-hours"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (NoToken(), "no-token"),
        (InvalidToken("it has expired"), "invalid-token"),
        (Unauthenticated("Who?"), "unauthenticated"),
        (InsufficientScope("No."), "insufficient-scope"),
        (OutOfHours("Not now."), "out-of-hours"),
    ],
)
def test_a_refusal_is_counted_by_operation_and_reason(error, reason):
    registry = CollectorRegistry()
    refusals = Refusals(registry)
    for operation in ("get_thing", "get_thing", None):
        refusals.count(operation, error)
    told = {
        operation: registry.get_sample_value(
            "shop_http_refused_total", {"operation": operation, "reason": reason}
        )
        for operation in ("get_thing", "-")
    }
    assert told == {"get_thing": 2.0, "-": 1.0}


@pytest.mark.parametrize(
    "error", [NotFound("None."), RateLimited(1.0), Unavailable("No keys yet."), ValueError("x")]
)
def test_nothing_else_is(error):
    registry = CollectorRegistry()
    Refusals(registry).count("get_thing", error)
    (family,) = registry.collect()
    assert family.samples == []

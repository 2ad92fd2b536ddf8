"""A batch of plain links is read without marshmallow, and is what marshmallow would have made."""

from typing import Any

import marshmallow
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.common.web.schema import Schema
from shop.customer import plain
from shop.customer.schemas import OrderLinkBatchSchema

SCHEMA = OrderLinkBatchSchema()
ODD = st.sampled_from(
    ["", "a", "a\n", "ä", "x" * 64, "x" * 65, 0, 1, 1.0, 1.5, -1, True, None, [], {}, 2**53]
)
IDS = st.one_of(st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True), ODD)
TOTALS = st.one_of(
    ODD,
    st.fixed_dictionaries(
        {
            "amount": st.one_of(st.integers(0, 10**9), ODD),
            "currency": st.one_of(st.sampled_from(["EUR", "eur", "EURO", "EUR\n"]), ODD),
        },
        optional={"note": ODD},
    ),
)
TIMES = st.one_of(
    st.sampled_from(
        [
            "2026-01-31T12:00:00.000Z",
            "2026-01-31T12:00:00.123456789+01:30",
            "2026-01-31t12:00:00z",
            "2026-02-30T12:00:00.000Z",
            "2026-01-31T24:00:00.000Z",
            "2026-01-31T12:00:60.000Z",
            "2026-W05-1T12:00:00.000Z",
            "2026-01-31 12:00:00.000Z",
            "0000-01-31T12:00:00.000Z",
        ]
    ),
    ODD,
)
STATUSES = st.sampled_from(
    ["pending", "confirmed", "rejected", "paid", "shipped", "eaten", 1, None]
)
OPERATIONS = st.fixed_dictionaries(
    {"op": st.sampled_from(["link", "link", "link", "unlink", "eat"]), "customerId": IDS},
    optional={
        "orderId": IDS,
        "status": STATUSES,
        "total": TOTALS,
        "placedAt": TIMES,
        "orderVersion": st.one_of(st.integers(1, 5), ODD),
        "note": ODD,
    },
)
LINKS = st.fixed_dictionaries(
    {
        "op": st.just("link"),
        "customerId": IDS,
        "orderId": IDS,
        "status": STATUSES,
        "total": TOTALS,
        "placedAt": TIMES,
        "orderVersion": st.one_of(st.integers(1, 5), ODD),
    }
)
BATCHES = st.one_of(
    ODD,
    st.fixed_dictionaries({"operations": st.lists(LINKS, max_size=2)}),
    st.fixed_dictionaries(
        {"operations": st.one_of(st.lists(OPERATIONS, max_size=3), ODD)}, optional={"note": ODD}
    ),
)


def outcome(load: Any, document: Any) -> Any:
    try:
        return load(document)
    except marshmallow.ValidationError as error:
        return error.messages


def link(**changes: Any) -> dict[str, Any]:
    return {
        "op": "link",
        "customerId": "cus_1",
        "orderId": "ord_1",
        "status": "confirmed",
        "total": {"amount": 5, "currency": "EUR"},
        "placedAt": "2026-01-31T12:00:00.123Z",
        "orderVersion": 2,
        **changes,
    }


@given(BATCHES)
def test_whatever_is_sent_is_read_as_marshmallow_reads_it(document: Any) -> None:
    thorough = outcome(lambda data: Schema.load(SCHEMA, data), document)
    assert outcome(SCHEMA.load, document) == thorough


@pytest.mark.parametrize("status", ["pending", "rejected"])
def test_what_the_order_service_sends_is_plain(status: str) -> None:
    document = {"operations": 64 * [link(), link(status=status, total=None, orderVersion=1)]}
    read = plain.links(document, 128)
    assert read is not None
    assert read == Schema.load(SCHEMA, document)


@pytest.mark.parametrize("count", [0, 129])
def test_a_batch_has_1_to_128_operations(count: int) -> None:
    with pytest.raises(marshmallow.ValidationError):
        SCHEMA.load({"operations": count * [link()]})


def test_a_confirmed_order_without_a_total_is_left_to_the_schema() -> None:
    assert plain.links({"operations": [link(total=None)]}, 128) is None

"""A batch of plain holds is read, and a reservation shown, as marshmallow would have done it."""

from datetime import UTC, datetime
from typing import Any

import marshmallow
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.common.money import Money
from shop.common.web.schema import Schema
from shop.product.model import Line, Reservation, State
from shop.product.schemas import ReservationBatchSchema, ReservationSchema, dump_reservation, plain

SCHEMA = ReservationBatchSchema()
ODD = st.sampled_from(
    ["", "a", "a\n", "ä", "x" * 64, "x" * 65, 0, 1, 1.0, 1.5, -1, True, None, [], {}, 10**6, 10**7]
)
IDS = st.one_of(st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True), ODD)
LINES = st.fixed_dictionaries(
    {"productId": IDS, "quantity": st.one_of(st.integers(1, 1_000_000), ODD)},
    optional={"price": ODD},
)
OPERATIONS = st.fixed_dictionaries(
    {"op": st.sampled_from(["reserve", "commit", "release", "eat", 1]), "orderId": IDS},
    optional={
        "lines": st.one_of(st.lists(LINES, max_size=3), ODD),
        "ttlSeconds": st.one_of(st.integers(1, 2_592_000), ODD),
        "note": ODD,
    },
)
BATCHES = st.one_of(
    ODD,
    st.fixed_dictionaries(
        {"operations": st.one_of(st.lists(OPERATIONS, max_size=3), ODD)}, optional={"note": ODD}
    ),
)


def outcome(load: Any, document: Any) -> Any:
    try:
        return load(document)
    except marshmallow.ValidationError as error:
        return error.messages


def hold(**changes: Any) -> dict[str, Any]:
    lines = [{"productId": "prd_1", "quantity": 2}]
    return {"op": "reserve", "orderId": "ord_1", "lines": lines, "ttlSeconds": 60} | changes


@given(BATCHES)
def test_whatever_is_sent_is_read_as_marshmallow_reads_it(document: Any) -> None:
    thorough = outcome(lambda data: Schema.load(SCHEMA, data), document)
    assert outcome(SCHEMA.load, document) == thorough


def test_what_the_order_service_sends_is_plain() -> None:
    document = {"operations": 128 * [hold()]}
    read = plain.reservations(document, 128)
    assert read is not None
    assert read == Schema.load(SCHEMA, document)


@pytest.mark.parametrize("count", [0, 129])
def test_a_batch_has_1_to_128_operations(count: int) -> None:
    with pytest.raises(marshmallow.ValidationError):
        SCHEMA.load({"operations": count * [hold()]})


@pytest.mark.parametrize("lines", [[], [Line("prd_1", "A", "a", Money(5, "EUR"), 2)]])
@pytest.mark.parametrize("expires_at", [None, datetime(2026, 1, 31, 12, tzinfo=UTC)])
def test_a_reservation_is_shown_as_its_schema_says(lines: Any, expires_at: Any) -> None:
    now = datetime(2026, 1, 31, tzinfo=UTC)
    reservation = Reservation("ord_1", State.HELD, lines, expires_at, now, 1)
    assert dump_reservation(reservation) == ReservationSchema().dump(reservation)

"""A plain draft is read without marshmallow, and is what marshmallow would have made of it."""

from typing import Any

import marshmallow
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.common.web.schema import Schema
from shop.order.model import Draft, Line
from shop.order.schemas import OrderDraftSchema

SCHEMA = OrderDraftSchema()
ODD = st.sampled_from(
    ["", "a", "a\n", "ä", "x" * 64, "x" * 65, "a b", 0, 1, 1.0, 1.5, -1, True, None, 10**6, 10**7]
)
IDS = st.one_of(st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True), ODD)
LINES = st.fixed_dictionaries(
    {"productId": IDS, "quantity": st.one_of(st.integers(1, 1_000_000), ODD)},
    optional={"price": ODD},
)
DRAFTS = st.one_of(
    ODD,
    st.fixed_dictionaries(
        {"customerId": IDS, "lines": st.one_of(st.lists(LINES, max_size=3), ODD)},
        optional={"note": ODD, "expectedTotal": st.just({"amount": 1, "currency": "EUR"})},
    ),
)


def outcome(load: Any, document: Any) -> Any:
    try:
        return load(document)
    except marshmallow.ValidationError as error:
        return error.messages


@given(DRAFTS)
def test_whatever_is_sent_is_read_as_marshmallow_reads_it(document: Any) -> None:
    thorough = outcome(lambda data: Schema.load(SCHEMA, data), document)
    assert outcome(SCHEMA.load, document) == thorough


@pytest.mark.parametrize(("count", "valid"), [(0, False), (1, True), (100, True), (101, False)])
def test_a_draft_has_up_to_a_hundred_lines(count: int, valid: bool) -> None:
    document = {"customerId": "cus_1", "lines": count * [{"productId": "prd_1", "quantity": 2}]}
    if valid:
        assert SCHEMA.load(document) == Draft("cus_1", count * (Line("prd_1", 2),))
    else:
        with pytest.raises(marshmallow.ValidationError):
            SCHEMA.load(document)

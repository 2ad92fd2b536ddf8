"""What JSON shows of customers and links."""

from dataclasses import replace

import orjson
import pytest
from marshmallow import ValidationError
from tests.fakes.customer.models import NOON, customer, order

from shop.customer.model import FINAL, OPEN, CustomerStatus, OrderLink, OrderStatus
from shop.customer.schemas import OrderLinkDraftSchema, encode_customer, encode_link

LINK = OrderLink(
    **vars(order(7, "paid")), customer_id="cus_1", order_id="ord_1", linked_at=NOON, updated_at=NOON
)


def test_what_is_not_set_is_left_out() -> None:
    shown = orjson.loads(encode_customer(customer(phone=None, addresses=())).body)
    assert "phone" not in shown
    assert shown["addresses"] == []


def test_a_total_that_is_not_known_is_null() -> None:
    assert orjson.loads(encode_link(replace(LINK, total=None)).body)["total"] is None


def test_the_customers_status_is_shown_only_where_it_is_known() -> None:
    assert "customerStatus" not in orjson.loads(encode_link(LINK).body)
    known = replace(LINK, customer_status=CustomerStatus.INACTIVE, is_new=True)
    shown = orjson.loads(encode_link(known).body)
    assert shown["customerStatus"] == "inactive"
    assert "isNew" not in shown


def test_the_version_is_the_resources_and_not_shown() -> None:
    encoded = encode_link(replace(LINK, version=5))
    assert encoded.version == 5
    assert "version" not in orjson.loads(encoded.body)


@pytest.mark.parametrize("status", list(OrderStatus))
def test_only_a_pending_or_rejected_order_may_have_no_total(status: OrderStatus) -> None:
    placed = {"placedAt": "2026-01-31T12:00:00Z", "orderVersion": 1}
    given = {"status": status.value, "total": None, **placed}
    if status in {OrderStatus.PENDING, OrderStatus.REJECTED}:
        assert OrderLinkDraftSchema().load(given).total is None
    else:
        with pytest.raises(ValidationError):
            OrderLinkDraftSchema().load(given)


def test_every_status_of_an_order_is_either_open_or_final() -> None:
    assert {*OrderStatus} == OPEN | FINAL
    assert not OPEN & FINAL
    assert {status.value for status in FINAL} == {"delivered", "cancelled", "rejected"}

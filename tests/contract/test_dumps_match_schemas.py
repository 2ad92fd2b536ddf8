"""What is dumped by hand, for speed, is what the schemas dump; in the same order, too."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import marshmallow
import pytest

from shop.common.address import Address
from shop.common.money import Money
from shop.customer import model as customer
from shop.customer import schemas as customers
from shop.order import model as order
from shop.order import schemas as orders
from shop.product import model as product
from shop.product import schemas as products
from shop.product.repository.documents import product_document

NOON = datetime(2026, 1, 31, 12, 0, 0, 7000, tzinfo=UTC)
ELSEWHERE = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
HOME = Address("12 Analytical Row", "London", "W1J 7NT", "GB", "Flat 3")
EUROS = Money(1999, "EUR")

CUSTOMER = customer.Customer(
    email="ada@example.com",
    first_name="Ada",
    last_name="Lovelace",
    phone="+44 20 7946 0000",
    addresses=(HOME, replace(HOME, line2=None)),
    id="cus_1",
    status=customer.CustomerStatus.ACTIVE,
    created_at=NOON,
    updated_at=ELSEWHERE,
)
LINK = customer.OrderLink(
    customer_id="cus_1",
    order_id="ord_1",
    status=customer.OrderStatus.PAID,
    total=EUROS,
    placed_at=NOON,
    order_version=3,
    linked_at=NOON,
    updated_at=ELSEWHERE,
    customer_status=customer.CustomerStatus.INACTIVE,
)
DETAILS = product.ProductDetails("LAMP-1", "Lamp", EUROS, "It glows.", "lamps", {"a.$b": "c"})
PRODUCT = product.Product("prd_1", DETAILS, product.Stock(9, 4), 3, 2, NOON, ELSEWHERE)
LINE = order.Line("prd_1", 3, order.Item("LAMP-1", "Lamp", EUROS))
ORDER = order.Order(
    id="ord_1",
    customer_id="cus_1",
    lines=(LINE, replace(LINE, item=None)),
    created_at=NOON,
    updated_at=ELSEWHERE,
    status=order.Status.REJECTED,
    reason=order.Reason("price-changed", "It costs more by now."),
    total=EUROS,
    details=order.Details(HOME, "Ring twice."),
)
EVENT = order.Event("placed", NOON, "by hand", order.Status.PENDING, 1)

CASES: list[tuple[marshmallow.Schema, Any, Any]] = [
    (customers.CustomerSchema(), customers.dump_customer, CUSTOMER),
    (
        customers.CustomerSchema(),
        customers.dump_customer,
        replace(CUSTOMER, phone=None, addresses=()),
    ),
    (customers.OrderLinkSchema(), customers.dump_link, LINK),
    (
        customers.OrderLinkSchema(),
        customers.dump_link,
        replace(LINK, total=None, customer_status=None),
    ),
    (products.ProductSchema(), products.dump_product, PRODUCT),
    (
        products.ProductSchema(),
        products.dump_product,
        replace(PRODUCT, details=product.ProductDetails("LAMP-1", "Lamp", Money(0, "EUR"))),
    ),
    (orders.OrderSchema(), orders.dump_order, ORDER),
    (
        orders.OrderSchema(),
        orders.dump_order,
        order.Order("ord_1", "cus_1", (order.Line("prd_1", 1),), NOON, NOON),
    ),
    (orders.OrderEventSchema(), orders.dump_event, EVENT),
    (orders.OrderEventSchema(), orders.dump_event, order.Event("confirmed", NOON)),
]


@pytest.mark.parametrize(
    ("schema", "dump", "shown"),
    CASES,
    ids=lambda case: getattr(case, "__name__", ""),
)
def test_what_is_dumped_by_hand_is_what_the_schema_dumps(schema, dump, shown):
    by_hand, by_schema = dump(shown), schema.dump(shown)
    assert by_hand == by_schema
    if not isinstance(schema, customers.OrderLinkSchema):
        assert list(by_hand) == list(by_schema)


@pytest.mark.parametrize("details", [DETAILS, product.ProductDetails("A", "B", EUROS)])
def test_a_stored_product_is_shown_as_the_model_is(details):
    shown = replace(PRODUCT, details=details)
    stored = product_document(shown)
    assert list(products.dump_stored(stored).items()) == list(products.dump_product(shown).items())
    assert products.encode_stored(stored) == products.encode_product(shown)


@pytest.mark.parametrize(("schema", "shown"), [(CASES[0][0], CUSTOMER), (CASES[4][0], PRODUCT)])
def test_a_dump_with_nothing_left_out_has_every_field_of_the_schema(schema, shown):
    assert len(schema.dump(shown)) == len(schema.fields)

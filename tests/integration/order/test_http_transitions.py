"""The whole table of transitions over HTTP: every operation in every status."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from itertools import product as pairs

import pytest
from tests.asking import add_customer, add_product, until
from tests.served import ServedShop, served_shop

OPERATIONS = ("pay", "ship", "deliver", "cancel")
LEADS = {
    ("confirmed", "pay"): "paid",
    ("confirmed", "cancel"): "cancelled",
    ("paid", "ship"): "shipped",
    ("paid", "cancel"): "cancelled",
    ("shipped", "deliver"): "delivered",
}
WAY = {
    "confirmed": (),
    "paid": ("pay",),
    "shipped": ("pay", "ship"),
    "delivered": ("pay", "ship", "deliver"),
    "cancelled": ("cancel",),
}
STATUSES = ("pending", "rejected", *WAY)


@pytest.fixture(scope="module")
async def shop(mongo_uri: str, redis_url: str) -> AsyncIterator[ServedShop]:
    async with served_shop(mongo_uri, redis_url, retry_most_s=0.5) as shop:
        yield shop


@asynccontextmanager
async def order_in(shop: ServedShop, status: str) -> AsyncIterator[str]:
    """Give the address of an order that has come to this status."""
    customer = await add_customer(shop.customers)
    product = await add_product(shop.products, stock=5)
    wanted = {"productId": product, "quantity": 6 if status == "rejected" else 2}
    async with shop.without("customer") if status == "pending" else nullcontext():
        placed = await shop.orders.post("/orders", {"customerId": customer, "lines": [wanted]})
        where = f"/orders/{placed.body.get('orderId') or placed.body['id']}"
        for operation in WAY.get(status, ()):
            assert (await shop.orders.post(f"{where}/{operation}")).status == 200
        assert (await shop.orders.get(where)).body["status"] == status
        yield where


def allowed(status: str) -> list[str]:
    return [operation for operation in OPERATIONS if (status, operation) in LEADS]


@pytest.mark.parametrize(("status", "operation"), list(pairs(STATUSES, OPERATIONS)))
async def test_every_operation_in_every_status(shop, status, operation):
    async with order_in(shop, status) as where:
        before = await shop.orders.get(where)
        answer = await shop.orders.post(f"{where}/{operation}")
        after = await shop.orders.get(where)
    if (status, operation) in LEADS:
        assert (answer.status, answer.body["status"]) == (200, LEADS[status, operation])
        assert after.body["status"] == LEADS[status, operation]
        assert answer.headers["ETag"] != before.headers["ETag"]
        assert answer.body.get("statusReason") == ("requested" if operation == "cancel" else None)
    else:
        assert answer.code == (409, "illegal-transition")
        assert answer.body["allowedTransitions"] == allowed(status)
        assert after.body == before.body


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_what_is_no_order_cannot_be_led_on(shop, operation):
    for order_id in ("ord_01j9x71c4f6h8j0k2m4n6p8q0r", "ord_1", "x"):
        answer = await shop.orders.post(f"/orders/{order_id}/{operation}")
        assert answer.code == (404, "not-found")
    assert (await shop.orders.get(f"/orders/ord_1/{operation}")).status == 405


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_a_transition_takes_no_query(shop, operation):
    async with order_in(shop, "confirmed") as where:
        refused = await shop.orders.post(f"{where}/{operation}?force=1")
        assert refused.code == (422, "validation-failed")
        assert refused.pointers == ["?force"]


@pytest.mark.parametrize(
    ("operations", "on_hand", "reserved"),
    [((), 5, 2), (("pay",), 3, 0), (("cancel",), 5, 0), (("pay", "cancel"), 5, 0)],
)
async def test_paying_takes_the_goods_and_cancelling_gives_them_back(
    shop, operations, on_hand, reserved
):
    async with order_in(shop, "confirmed") as where:
        order = (await shop.orders.get(where)).body
        for operation in operations:
            await shop.orders.post(f"{where}/{operation}")
        product = f"/products/{order['lines'][0]['productId']}"
        stock = {"onHand": on_hand, "reserved": reserved, "available": on_hand - reserved}
        await until(lambda: shop.products.get(product), lambda body: body["stock"] == stock)


async def test_the_customer_is_told_of_every_transition(shop):
    async with order_in(shop, "confirmed") as where:
        order = (await shop.orders.get(where)).body
        link = f"/customerOrders/{order['customerId']}/{order['id']}"
        for operation, status in (("pay", "paid"), ("ship", "shipped"), ("deliver", "delivered")):
            await shop.orders.post(f"{where}/{operation}")
            await until(
                lambda: shop.customers.get(link), lambda body, s=status: body["status"] == s
            )
        removed = await shop.customers.delete(f"/customers/{order['customerId']}")
        assert removed.status == 204  # a delivered order is final


async def test_an_open_order_keeps_its_customer_from_being_deleted(shop):
    async with order_in(shop, "paid") as where:
        customer = (await shop.orders.get(where)).body["customerId"]
        refused = await shop.customers.delete(f"/customers/{customer}")
        assert refused.code == (409, "open-orders")


async def test_the_timeline_tells_every_step_newest_first(shop):
    async with order_in(shop, "delivered") as where:
        events = await shop.orders.everything(f"{where}/events")
    assert [event["seq"] for event in events] == list(range(len(events), 0, -1))
    told = [event["status"] for event in reversed(events) if "status" in event]
    assert told == ["pending", "confirmed", "paid", "shipped", "delivered"]
    assert sorted(event["at"] for event in events) == [event["at"] for event in reversed(events)]
    assert events[-1]["type"] == "placed"


async def test_what_is_not_paid_in_time_is_cancelled_by_itself(mongo_uri, redis_url):
    async with (
        served_shop(mongo_uri, redis_url, unpaid_after_s=0.5, poll_s=0.2) as shop,
        order_in(shop, "confirmed") as where,
    ):
        order = await until(
            lambda: shop.orders.get(where), lambda order: order["status"] == "cancelled"
        )
        assert order["statusReason"] == "unpaid"
        late = await shop.orders.post(f"{where}/pay")
        assert late.code == (409, "illegal-transition")
        product = f"/products/{order['lines'][0]['productId']}"
        await until(
            lambda: shop.products.get(product), lambda body: body["stock"]["available"] == 5
        )


async def test_an_order_that_was_unlinked_by_hand_goes_on_without_a_link(shop):
    """Customer refuses the link for good; it is not tried for ever."""
    async with order_in(shop, "confirmed") as where:
        order = (await shop.orders.get(where)).body
        link = f"/customerOrders/{order['customerId']}/{order['id']}"
        assert (await shop.customers.delete(f"{link}?orderVersion=1000")).status == 204
        assert (await shop.orders.post(f"{where}/pay")).status == 200
        paid = await until(
            lambda: shop.orders.get(where), lambda order: order["customerLink"] == "removed"
        )
        assert (paid["status"], paid["customerLink"]) == ("paid", "removed")
        assert (await shop.orders.post(f"{where}/ship")).body["customerLink"] == "removed"
        assert (await shop.customers.get(link)).status == 404

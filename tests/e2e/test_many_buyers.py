"""Many buy the last pieces at once, through two instances of each service."""

import asyncio
from collections import Counter

import pytest
from tests.asking import add_customer, add_product
from tests.e2e.fleet import fleet

pytestmark = pytest.mark.timeout(300)
BUYERS, PIECES = 64, 10


async def test_64_buyers_of_the_last_10_pieces_get_exactly_10(shop_stack):
    async with fleet(shop_stack) as shop:
        assert [len(i.apis) for i in (shop.customers, shop.products, shop.orders)] == [2, 2, 2]
        product = await add_product(shop.products.next, stock=PIECES)
        buyers = [await add_customer(shop.customers.next) for _ in range(BUYERS)]
        lines = [{"productId": product, "quantity": 1}]
        drafts = [{"customerId": buyer, "lines": lines} for buyer in buyers]
        answers = await asyncio.gather(*(shop.orders.next.post("/orders", d) for d in drafts))

        # 202 is for a machine that is too slow to decide in time: such an order decides itself.
        assert {answer.status for answer in answers} <= {201, 202, 409}
        assert {answer.code for answer in answers if answer.status == 409} == {
            (409, "insufficient-stock")
        }
        ids = [answer.body.get("orderId") or answer.body["id"] for answer in answers]
        orders = [await shop.settled(order_id) for order_id in ids]
        outcomes = Counter((order["status"], order.get("statusReason")) for order in orders)
        assert outcomes == {
            ("confirmed", None): PIECES,
            ("rejected", "insufficient-stock"): BUYERS - PIECES,
        }
        assert await shop.stock(product) == {"onHand": PIECES, "reserved": PIECES, "available": 0}
        for buyer, order in zip(buyers, orders, strict=True):
            assert await shop.links(buyer) == {order["id"]: order["status"]}

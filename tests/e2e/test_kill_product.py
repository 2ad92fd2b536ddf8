"""An instance of product dies while orders are placed: none is lost, and the stock adds up."""

import asyncio
from collections import Counter

import pytest
from tests.asking import Answer, add_customer, add_product, until
from tests.e2e.fleet import Fleet, complete, fleet, kill

pytestmark = pytest.mark.timeout(300)
ORDERS, AT_ONCE, STOCK = 200, 32, 30


async def test_no_order_is_lost_when_a_product_instance_is_killed(shop_stack):
    try:
        async with fleet(shop_stack) as shop:
            products = [await add_product(shop.products.next, stock=STOCK) for _ in range(8)]
            customers = [await add_customer(shop.customers.next) for _ in range(4)]
            answers = await place_all(shop, shop_stack, customers, products)
            assert {answer.status for answer in answers} <= {201, 202, 409}, Counter(
                answer.status for answer in answers
            )

            ids = [answer.body.get("orderId") or answer.body["id"] for answer in answers]
            assert len(set(ids)) == ORDERS
            orders = [await shop.settled(order_id) for order_id in ids]
            outcomes = Counter((order["status"], order.get("statusReason")) for order in orders)
            assert set(outcomes) <= {("confirmed", None), ("rejected", "insufficient-stock")}

            confirmed = [order for order in orders if order["status"] == "confirmed"]
            paid = confirmed[::5]
            for order in paid:
                await shop.orders.next.post(f"/orders/{order['id']}/pay")
            for order in paid:
                assert (await shop.settled(order["id"]))["status"] == "paid"
            for product in products:
                await stock_adds_up(shop, product, confirmed, paid)
            await links_are_right(shop, customers, ids)
    finally:
        await complete(shop_stack)


async def place_all(
    shop: Fleet, shop_stack, customers: list[str], products: list[str]
) -> list[Answer]:
    """Place all orders, some at a time, and kill an instance of product in the middle."""
    gate, answered = asyncio.Semaphore(AT_ONCE), 0

    async def place(number: int) -> Answer:
        nonlocal answered
        lines = [
            {"productId": products[number % 8], "quantity": 1},
            {"productId": products[(number + 3) % 8], "quantity": 1},
        ]
        async with gate:
            draft = {"customerId": customers[number % 4], "lines": lines}
            answer = await shop.orders.next.post("/orders", draft)
        answered += 1
        if answered == ORDERS // 4:
            await asyncio.to_thread(kill, shop_stack, "product")
        return answer

    return await asyncio.gather(*(place(number) for number in range(ORDERS)))


async def stock_adds_up(shop: Fleet, product: str, confirmed: list, paid: list) -> None:
    """What was paid has left the shelf, what is confirmed is held, the rest can be bought."""
    sold, held = pieces(product, paid), pieces(product, confirmed) - pieces(product, paid)

    def adds_up(body) -> bool:
        stock = {"onHand": STOCK - sold, "reserved": held, "available": STOCK - sold - held}
        return body["stock"] == stock

    # What the killed one had begun is ended by the other one, when its lease is over.
    await until(lambda: shop.products.get(f"/products/{product}"), adds_up, within_s=60)


def pieces(product: str, orders: list) -> int:
    lines = [line for order in orders for line in order["lines"]]
    return sum(line["quantity"] for line in lines if line["productId"] == product)


async def links_are_right(shop: Fleet, customers: list[str], ids: list[str]) -> None:
    linked = {}
    for customer in customers:
        linked |= await shop.links(customer)
    assert linked == {
        order_id: (await shop.orders.get(f"/orders/{order_id}")).body["status"] for order_id in ids
    }

"""Orders through three real processes that find each other through Consul, and lose some."""

import pytest
from tests.asking import add_customer, add_product
from tests.e2e.fleet import complete, fleet, kill

pytestmark = pytest.mark.timeout(300)
SERVICES = ("customer", "product", "order")


async def test_an_order_goes_through_all_three_services(shop_stack):
    async with fleet(shop_stack) as shop:
        product = await add_product(shop.products.next, stock=5, amount=1250)
        customer = await add_customer(shop.customers.next)
        draft = {"customerId": customer, "lines": [{"productId": product, "quantity": 2}]}
        placed = await shop.orders.next.post("/orders", draft)
        order = await shop.settled(placed.body["id"])
        assert order["status"] == "confirmed"
        assert order["total"] == {"amount": 2500, "currency": "EUR"}
        assert await shop.stock(product) == {"onHand": 5, "reserved": 2, "available": 3}
        assert await shop.links(customer) == {order["id"]: "confirmed"}

        paid = await shop.orders.next.post(f"/orders/{order['id']}/pay")
        assert (paid.status, paid.body["status"]) == (200, "paid")
        await shop.settled(order["id"])
        assert await shop.stock(product) == {"onHand": 3, "reserved": 0, "available": 3}
        assert await shop.links(customer) == {order["id"]: "paid"}


async def test_the_shop_goes_on_when_one_instance_of_each_service_is_killed(shop_stack):
    try:
        async with fleet(shop_stack) as shop:
            product = await add_product(shop.products.next, stock=100)
            customer = await add_customer(shop.customers.next)
            draft = {"customerId": customer, "lines": [{"productId": product, "quantity": 1}]}
            before = await shop.settled((await shop.orders.post("/orders", draft)).body["id"])
            for service in SERVICES:
                kill(shop_stack, service)

            placed = [await shop.orders.post("/orders", draft) for _ in range(10)]
            after = [await shop.settled(answer.body["id"]) for answer in placed]
            assert [order["status"] for order in after] == 10 * ["confirmed"]
            expected = {order["id"]: "confirmed" for order in [before, *after]}
            for order_id, status in expected.items():
                link = await shop.customers.get(f"/customerOrders/{customer}/{order_id}")
                assert link.body["status"] == status
            stock = (await shop.products.get(f"/products/{product}")).body["stock"]
            assert stock == {"onHand": 100, "reserved": 11, "available": 89}
    finally:
        await complete(shop_stack)


async def test_an_order_waits_for_the_customer_service_and_is_then_confirmed_by_itself(shop_stack):
    try:
        async with fleet(shop_stack) as shop:
            product = await add_product(shop.products.next, stock=5)
            customer = await add_customer(shop.customers.next)
            draft = {"customerId": customer, "lines": [{"productId": product, "quantity": 1}]}
            kill(shop_stack, "customer", count=2)
            pending = await shop.orders.next.post("/orders", draft)
            assert (pending.status, pending.body["status"]) == (202, "pending")
            assert pending.headers["Location"] == f"/api/v1/orders/{pending.body['id']}"
            assert int(pending.headers["Retry-After"]) > 0
            asked = await shop.orders.next.get(f"/orders/{pending.body['id']}")
            assert asked.body["status"] == "pending"
        await complete(shop_stack)
        async with fleet(shop_stack) as shop:
            assert (await shop.settled(pending.body["id"]))["status"] == "confirmed"
            assert await shop.links(customer) == {pending.body["id"]: "confirmed"}
            assert await shop.stock(product) == {"onHand": 5, "reserved": 1, "available": 4}
    finally:
        await complete(shop_stack)

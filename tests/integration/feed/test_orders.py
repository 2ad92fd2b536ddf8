"""The feed of orders, over HTTP."""

from tests.asking import add_customer, add_product
from tests.following import Event, Follower
from tests.served import ServedShop, at_rest


async def placed(shop: ServedShop, customer: str) -> str:
    product = await add_product(shop.products)
    draft = {"customerId": customer, "lines": [{"productId": product, "quantity": 1}]}
    return str((await shop.orders.post("/orders", draft)).body["id"])


async def story(follower: Follower, order: str, end: str) -> list[Event]:
    """Return the events of an order up to the one that shows it in its end state."""
    events = []
    while True:
        (event,) = await follower.take(1)
        if event.data["id"] == order:
            events.append(event)
            if end in (event.kind, event.data.get("resource", {}).get("status")):
                return events


async def test_each_change_that_is_shown_is_told_once_and_no_other(shop: ServedShop) -> None:
    customer = await add_customer(shop.customers)
    async with Follower(f"{shop.orders.url}/orders/feed") as follower:
        await follower.began()
        order = await placed(shop, customer)
        await at_rest(shop.placed)
        await shop.orders.patch(f"/orders/{order}", {"note": "Ring twice."})
        for act in ("pay", "ship", "deliver"):
            await shop.orders.post(f"/orders/{order}/{act}")
        await at_rest(shop.placed)
        last = await placed(shop, customer)
        events = []
        while (event := (await follower.take(1))[0]).data["id"] != last:
            events.append(event)
    shown = await shop.orders.get(f"/orders/{order}")
    count = int(shown.headers["ETag"].strip('"'))
    # It is stored once it is decided, in the version that it has then.
    first = events[0].data["version"]
    assert events[0].data["resource"]["status"] == "confirmed"
    assert [event.data["version"] for event in events] == list(range(first, count + 1))
    assert [event.kind for event in events] == ["created"] + ["updated"] * (count - first)
    assert events[-1].data["resource"] == shown.body
    assert events[-1].data["etag"] == shown.headers["ETag"]
    for event in events:
        assert event.data["resource"].keys() <= shown.body.keys()


async def test_a_deleted_order_is_told_to_who_follows_its_customer(shop: ServedShop) -> None:
    customers = [await add_customer(shop.customers) for _ in range(2)]
    params = {"customerId": customers[0]}
    async with Follower(f"{shop.orders.url}/orders/feed", params=params) as follower:
        start = (await follower.began()).last_id
        await placed(shop, customers[1])
        order = await placed(shop, customers[0])
        await shop.orders.post(f"/orders/{order}/cancel")
        assert (await shop.orders.delete(f"/orders/{order}")).status == 204
        events = await story(follower, order, "deleted")
        await at_rest(shop.placed)
    assert events[-1].data == {"id": order}
    assert {event.data["id"] for event in events} == {order}
    await shop.order.stop()
    await shop.order.start()
    async with Follower(f"{shop.orders.url}/orders/feed", start, params) as again:
        (only,) = await again.take(1)
    assert (only.kind, only.data, only.id) == ("deleted", {"id": order}, events[-1].id)

"""The list of a customer's orders."""

from tests.integration.customer.api import Api, link, orders_of


async def test_the_order_placed_last_first_each_once(api: Api) -> None:
    customer, other = await api.customer(), await api.customer()
    placed = [(f"ord_{n}", f"2026-01-31T12:00:0{n // 3}.000Z") for n in range(8)]
    for order_id, at in placed[::2] + placed[1::2]:
        await api.put(orders_of(customer, order_id), link(placedAt=at))
        await api.put(orders_of(other, order_id), link())
    expected = [order_id for order_id, _ in reversed(placed)]
    for limit in (1, 2, 3, 8, 9):
        assert await api.walk(orders_of(customer), limit=limit) == expected


async def test_it_shows_what_a_single_read_shows(api: Api) -> None:
    customer = await api.customer()
    for version in (1, 2):
        await api.put(orders_of(customer, "ord_1"), link(version))
    (item,) = (await api.get(orders_of(customer))).json["items"]
    assert item == (await api.get(orders_of(customer, "ord_1"))).json


async def test_a_customer_without_orders_has_an_empty_list(api: Api) -> None:
    page = await api.get(orders_of(await api.customer()))
    assert (page.status, page.json) == (200, {"items": [], "nextCursor": None})
    assert "Link" not in page.headers


async def test_the_link_header_leads_on(api: Api) -> None:
    customer = await api.customer()
    for n in range(3):
        await api.put(orders_of(customer, f"ord_{n}"), link())
    page = await api.get(orders_of(customer), limit=2)
    address = page.headers["Link"].split(";")[0].strip("<>")
    assert (await api.call("GET", address)).ids == ["ord_0"]


async def test_faults_in_the_query_are_named(api: Api) -> None:
    orders = orders_of(await api.customer())
    for name, value in (("limit", "0"), ("limit", "101"), ("status", "paid")):
        assert (await api.get(orders, **{name: value})).pointers == [f"?{name}"]

"""What is known of a person is nowhere but where it belongs, and is gone when they are.

A customer is created whose every personal field holds a text that nothing else does. All is done
with it that can be done, refused attempts too. Then these texts are looked for, byte by byte, in
all that real processes leave behind.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any
from uuid import uuid4

import pytest
from tests.asking import PATCH, Api, add_product
from tests.e2e.collector import Collector, collecting
from tests.e2e.fleet import fleet
from tests.e2e.remains import Remains

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("privacy")]


def mark(kind: str) -> str:
    """Return a text that is nowhere else, as part of a value of this kind."""
    return f"{kind}{token_hex(8)}"


def address(kind: str) -> dict[str, str]:
    return {
        "line1": mark(f"{kind}line1"),
        "line2": mark(f"{kind}line2"),
        "city": mark(f"{kind}city"),
        "postalCode": mark("p")[:16],
        "country": "DE",
    }


@dataclass
class Person:
    """What identifies somebody; ``marks`` are all those texts by what they are."""

    email: str = field(default_factory=lambda: f"{mark('Mail')}@marker.example")
    second_email: str = field(default_factory=lambda: f"{mark('Second')}@marker.example")
    first_name: str = field(default_factory=lambda: mark("First"))
    last_name: str = field(default_factory=lambda: mark("Last"))
    phone: str = field(default_factory=lambda: f"+49 {int(token_hex(8), 16)}")
    home: dict[str, str] = field(default_factory=lambda: address("home"))
    shipping: dict[str, str] = field(default_factory=lambda: address("ship"))
    note: str = field(default_factory=lambda: mark("note"))
    second_note: str = field(default_factory=lambda: mark("second-note"))

    @property
    def marks(self) -> Mapping[str, str]:
        found = {name: value for name, value in vars(self).items() if isinstance(value, str)}
        for name in ("home", "shipping"):
            parts: dict[str, str] = getattr(self, name)
            found |= {f"{name} {part}": text for part, text in parts.items() if part != "country"}
        return found

    def draft(self, **changes: Any) -> dict[str, Any]:
        return {
            "email": self.email,
            "firstName": self.first_name,
            "lastName": self.last_name,
            "phone": self.phone,
            "addresses": [self.home],
            **changes,
        }


@dataclass
class Shop:
    customers: Api
    products: Api
    orders: Api
    remains: Remains
    instances: list[tuple[Api, str]]  # each with a folder of its service
    collector: Collector

    async def traces_sent(self) -> None:
        """Return when every instance has sent the spans of what it did until now.

        Each sends them in their order, so it has once that of one more request is there.
        """
        for api, folder in self.instances:
            last = (await api.get(f"{folder}/nobody")).body["traceId"]
            await self.collector.until(lambda trace=last: bool(self.collector.of(trace)))


@pytest.fixture
async def shop(new_shop: Any) -> AsyncIterator[Shop]:
    async with collecting() as (collector, url):
        stack = new_shop(
            SHOP_ORDER_ERASURE_POLL_S="0.5",
            SHOP_LOG_LEVEL="debug",
            OTEL_EXPORTER_OTLP_ENDPOINT=url,
            OTEL_BSP_SCHEDULE_DELAY="100",
        )
        up = await asyncio.to_thread(stack.run, "up", "--free-ports")
        assert up.returncode == 0, up.stdout + up.stderr
        try:
            async with opened(stack, collector) as shop:
                yield shop
        finally:
            await asyncio.to_thread(stack.run, "down")


@asynccontextmanager
async def opened(stack: Any, collector: Collector) -> AsyncIterator[Shop]:
    async with AsyncExitStack() as opened:
        found = await opened.enter_async_context(fleet(stack))
        remains = await opened.enter_async_context(Remains(stack, collector.bodies))
        folders = {
            "/customers": found.customers,
            "/products": found.products,
            "/orders": found.orders,
        }
        yield Shop(
            *(service.next for service in folders.values()),
            remains,
            [(api, folder) for folder, service in folders.items() for api in service.apis],
            collector,
        )


async def live(shop: Shop, ada: Person) -> str:
    """Do what can be done with a customer, and with what is refused; return the id."""
    api, key = shop.customers, uuid4().hex
    created = await api.ask("POST", "/customers", ada.draft(), Idempotency_Key=key)
    assert created.status == 201
    customer_id = str(created.body["id"])
    here = f"/customers/{customer_id}"
    replayed = await api.ask("POST", "/customers", ada.draft(), Idempotency_Key=key)
    assert replayed.headers["Idempotency-Replayed"] == "true"
    other = ada.draft(phone=None)
    for body, sent, expected in (
        (other | {"phone": "+49 123"}, {"Idempotency_Key": key}, (422, "idempotency-key-reused")),
        (ada.draft(), {"Idempotency_Key": uuid4().hex}, (409, "email-taken")),
        (ada.draft(), {}, (409, "email-taken")),
        (ada.draft(email=f"not an address {ada.email}"), {}, (422, "validation-failed")),
        (ada.draft(**{ada.last_name: ada.first_name}), {}, (422, "validation-failed")),
    ):
        assert (await api.ask("POST", "/customers", body, **sent)).code == expected
    broken = f'{{"email": "{ada.email}", "firstName": "{ada.first_name}'.encode()
    assert (await api.ask("POST", "/customers", data=broken)).status == 400
    assert (await api.get(here)).status == 200
    found = await api.get(f"/customers?limit=1&email={ada.email}")
    assert [each["id"] for each in found.body["items"]] == [customer_id]
    for path in (
        f"/customers?email={ada.email}&cursor={ada.last_name}",
        f"/customers?{ada.first_name}={ada.email}",
        f"/customers/{ada.email}",
        f"/customers/{ada.first_name}%20{ada.last_name}",
        f"/customers/{ada.first_name}/orders",
        f"/nothing/{ada.email}",
        f"/customerOrders/{customer_id}/{ada.last_name}",
    ):
        assert (await api.get(path)).status in (404, 422), path
    assert (await api.ask("PUT", here, ada.draft(), if_match='"77"')).status == 412
    stranger = (await api.post("/customers", ada.draft(email=f"{uuid4().hex}@example.com"))).body
    elsewhere = f"/customers/{stranger['id']}"
    for method, type_ in (("PUT", "application/json"), ("PATCH", PATCH)):
        taken = await api.ask(method, elsewhere, ada.draft(), type_=type_)
        assert taken.code == (409, "email-taken")
    assert (await api.ask("DELETE", elsewhere)).status == 204
    changed = await api.ask("PATCH", here, {"email": ada.second_email}, type_=PATCH)
    assert changed.status == 200
    assert (await api.ask("PUT", here, ada.draft(email=ada.second_email))).status == 200
    for status in ("deactivate", "activate"):
        assert (await api.post(f"{here}/{status}")).status == 200
    assert (await api.get(here)).body["email"] == ada.second_email
    return customer_id


async def order(shop: Shop, ada: Person, customer_id: str) -> list[str]:
    """Order in all ways, so that in the end each order is final; return their ids."""
    api, product = shop.orders, await add_product(shop.products, stock=3)
    draft = {
        "customerId": customer_id,
        "lines": [{"productId": product, "quantity": 1}],
        "shippingAddress": ada.shipping,
    }
    key = uuid4().hex
    placed = [await api.ask("POST", "/orders", draft, Idempotency_Key=key) for _ in range(2)]
    assert [answer.status for answer in placed] == [201, 201], placed
    delivered = placed[0].body["id"]
    here = f"/orders/{delivered}"
    for note in (ada.note, ada.second_note):
        assert (await api.ask("PATCH", here, {"note": note}, type_=PATCH)).status == 200
    assert (await api.get(here)).body["note"] == ada.second_note
    for step in ("pay", "ship", "deliver"):
        assert (await api.post(f"{here}/{step}")).status == 200
    late = await api.ask("PATCH", here, {"note": ada.note}, type_=PATCH)
    assert late.code == (409, "order-not-changeable")
    too_many = draft | {"lines": [{"productId": product, "quantity": 1000}]}
    short = await api.ask("POST", "/orders", too_many, Idempotency_Key=uuid4().hex)
    assert short.code == (409, "insufficient-stock")
    for wrong in ({"note": ada.note}, {ada.first_name: 1}, {"shippingAddress": {"x": ada.note}}):
        assert (await api.post("/orders", draft | wrong)).status == 422
    cancelled = (await api.post("/orders", draft)).body["id"]
    assert (await api.post(f"/orders/{cancelled}/cancel")).status == 200
    assert (await api.get(f"/orders/{cancelled}")).status == 200
    assert (await api.get(f"/orders?customerId={customer_id}")).status == 200
    return [delivered, cancelled, short.body["orderId"]]


async def leave(shop: Shop, ada: Person, customer_id: str) -> None:
    """Delete the customer, who orders once more."""
    here = f"/customers/{customer_id}"
    answer = await shop.customers.ask("DELETE", here)
    while answer.status == 409:  # customer has not been told of the last order's end yet
        answer = await shop.customers.ask("DELETE", here)
    assert answer.status == 204, answer
    assert (await shop.customers.get(here)).status == 404
    product = await add_product(shop.products)
    late = {
        "customerId": customer_id,
        "lines": [{"productId": product, "quantity": 1}],
        "shippingAddress": ada.shipping,
    }
    refused = await shop.orders.ask("POST", "/orders", late, Idempotency_Key=uuid4().hex)
    assert refused.code == (422, "unknown-customer")


async def test_of_a_deleted_customer_nothing_personal_is_left_anywhere(shop: Shop) -> None:
    ada = Person()
    customer_id = await live(shop, ada)
    orders = await order(shop, ada, customer_id)
    # The search finds what is there. (The first address has been replaced.)
    there = await shop.remains.found(ada.marks, places={"mongo"})
    assert {name for name, _ in there} >= ada.marks.keys() - {"email", "note"}
    assert {name for name, _ in await shop.remains.found(ada.marks, places={"redis"})}

    await leave(shop, ada, customer_id)
    await shop.remains.gone(ada.marks, places={"mongo", "redis"}, within_s=60)
    await shop.traces_sent()
    assert await shop.remains.found(ada.marks) == []

    for order_id in orders:  # business records stay, and so does who did what
        kept = (await shop.orders.get(f"/orders/{order_id}")).body
        assert kept["customerId"] == customer_id
        assert not {"shippingAddress", "note"} & kept.keys()
        trail = (await shop.orders.get(f"/orders/{order_id}/audit")).body["items"]
        assert trail[0]["type"] == "erased"
        assert trail[0]["by"] == {"kind": "service", "subject": "order"}
    erased = (await shop.customers.get("/customerErasures")).body["items"]
    assert customer_id in [each["customerId"] for each in erased]


async def test_where_a_person_is_known_no_log_metric_trace_or_catalogue_is(shop: Shop) -> None:
    ada = Person()
    orders = await order(shop, ada, await live(shop, ada))
    await shop.traces_sent()
    told = {"an order": orders[0], "an operation": "place_order", "a store": "mongodb"}
    assert {name for name, _ in await shop.remains.found(told, places={"traces"})} == told.keys()
    places = {"logs", "metrics", "traces", "consul"}
    assert await shop.remains.found(ada.marks, places) == []

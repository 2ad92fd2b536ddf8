"""For each operation a request that succeeds when it is allowed: made anew each time it is sent."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from tests.integration.access.callers import Callers, service, staff

LINK = {
    "status": "delivered",
    "total": {"amount": 1999, "currency": "EUR"},
    "placedAt": "2026-01-31T12:00:00Z",
    "orderVersion": 2,
}
ADDRESS = {"line1": "1 Main Street", "city": "Berlin", "postalCode": "10115", "country": "DE"}


@dataclass(frozen=True)
class Call:
    """A request; ``shown`` is where staff sees what it is about, None: nowhere yet."""

    method: str
    path: str
    body: Any = None
    shown: str | None = None


Case = Callable[[Callers, str], Awaitable[Call]]
CASES: dict[str, Case] = {}


def case(prepare: Case) -> Case:
    """Keep what prepares an operation: the function has its name."""
    CASES[prepare.__name__] = prepare
    return prepare


def customer_draft() -> dict[str, Any]:
    """Return a customer that is not there yet."""
    return {"email": f"{uuid4().hex}@example.com", "firstName": "Ada", "lastName": "Lovelace"}


def product_draft() -> dict[str, Any]:
    """Return a product that is not there yet."""
    price = {"amount": 1999, "currency": "EUR"}
    return {"sku": uuid4().hex, "name": "Desk lamp", "price": price}


async def new_customer(callers: Callers) -> str:
    """Add a customer, and return the id."""
    return str((await callers.made(staff(), "POST", "/customers", customer_draft()))["id"])


async def new_product(callers: Callers) -> str:
    """Add a product with stock, and return the id."""
    draft = {**product_draft(), "initialStock": 10}
    return str((await callers.made(staff(), "POST", "/products", draft))["id"])


async def new_order(callers: Callers, customer: str, *steps: str) -> str:
    """Place an order, lead it on, and return its id."""
    draft = await order_draft(callers, customer)
    order = str((await callers.made(staff(), "POST", "/orders", draft))["id"])
    for step in steps:
        await callers.made(staff(), "POST", f"/orders/{order}/{step}")
    return order


async def order_draft(callers: Callers, customer: str) -> dict[str, Any]:
    """Return an order that can be placed."""
    lines = [{"productId": await new_product(callers), "quantity": 1}]
    return {"customerId": customer, "lines": lines}


async def new_link(callers: Callers, customer: str) -> str:
    """Link an order, and return where."""
    path = f"/customerOrders/{customer}/{uuid4().hex}"
    await callers.made(service("order"), "PUT", path, LINK)
    return path


async def reservation(callers: Callers) -> dict[str, Any]:
    """Return a reservation that can be made."""
    return {"lines": [{"productId": await new_product(callers), "quantity": 1}]}


async def new_reservation(callers: Callers) -> str:
    """Reserve, and return where."""
    path = f"/reservations/{uuid4().hex}"
    await callers.made(service("order"), "PUT", path, await reservation(callers))
    return path


# --- customer ---


@case
async def create_customer(_: Callers, __: str) -> Call:
    return Call("POST", "/customers", customer_draft())


@case
async def list_customers(_: Callers, __: str) -> Call:
    return Call("GET", "/customers")


@case
async def watch_customers(_: Callers, customer: str) -> Call:
    return Call("GET", f"/customers/feed?customerId={customer}")


@case
async def get_customer(_: Callers, customer: str) -> Call:
    return Call("GET", f"/customers/{customer}")


@case
async def replace_customer(_: Callers, customer: str) -> Call:
    path = f"/customers/{customer}"
    return Call("PUT", path, customer_draft(), path)


@case
async def patch_customer(_: Callers, customer: str) -> Call:
    path = f"/customers/{customer}"
    return Call("PATCH", path, {"phone": "+44 20 7946 0000"}, path)


@case
async def delete_customer(_: Callers, customer: str) -> Call:
    path = f"/customers/{customer}"
    return Call("DELETE", path, None, path)


@case
async def activate_customer(callers: Callers, customer: str) -> Call:
    path = f"/customers/{customer}"
    await callers.made(staff(), "POST", f"{path}/deactivate")
    return Call("POST", f"{path}/activate", None, path)


@case
async def deactivate_customer(_: Callers, customer: str) -> Call:
    path = f"/customers/{customer}"
    return Call("POST", f"{path}/deactivate", None, path)


@case
async def batch_customer_orders(_: Callers, customer: str) -> Call:
    link = {"op": "link", "customerId": customer, "orderId": uuid4().hex, **LINK}
    path = f"/customerOrders/{customer}"
    return Call("POST", "/customerOrders/batch", {"operations": [link]}, path)


@case
async def list_customer_orders(callers: Callers, customer: str) -> Call:
    await new_link(callers, customer)
    return Call("GET", f"/customerOrders/{customer}")


@case
async def link_order(_: Callers, customer: str) -> Call:
    path = f"/customerOrders/{customer}"
    return Call("PUT", f"{path}/{uuid4().hex}", LINK, path)


@case
async def get_customer_order(callers: Callers, customer: str) -> Call:
    return Call("GET", await new_link(callers, customer))


@case
async def unlink_order(callers: Callers, customer: str) -> Call:
    path = await new_link(callers, customer)
    return Call("DELETE", f"{path}?orderVersion=2", None, path)


@case
async def list_customer_erasures(_: Callers, __: str) -> Call:
    return Call("GET", "/customerErasures")


# --- product ---


@case
async def create_product(_: Callers, __: str) -> Call:
    return Call("POST", "/products", product_draft())


@case
async def list_products(_: Callers, __: str) -> Call:
    return Call("GET", "/products")


@case
async def get_product(callers: Callers, _: str) -> Call:
    return Call("GET", f"/products/{await new_product(callers)}")


@case
async def replace_product(callers: Callers, _: str) -> Call:
    path = f"/products/{await new_product(callers)}"
    return Call("PUT", path, product_draft(), path)


@case
async def patch_product(callers: Callers, _: str) -> Call:
    path = f"/products/{await new_product(callers)}"
    return Call("PATCH", path, {"name": "Floor lamp"}, path)


@case
async def delete_product(callers: Callers, _: str) -> Call:
    path = f"/products/{await new_product(callers)}"
    return Call("DELETE", path, None, path)


@case
async def adjust_stock(callers: Callers, _: str) -> Call:
    path = f"/products/{await new_product(callers)}"
    return Call("POST", f"{path}/stockAdjustments", {"delta": 1, "reason": "found"}, path)


@case
async def list_stock_adjustments(callers: Callers, _: str) -> Call:
    return Call("GET", f"/products/{await new_product(callers)}/stockAdjustments")


@case
async def get_stock_adjustment(callers: Callers, _: str) -> Call:
    path = f"/products/{await new_product(callers)}/stockAdjustments"
    made = await callers.made(staff(), "POST", path, {"delta": 1, "reason": "found"})
    return Call("GET", f"{path}/{made['id']}")


@case
async def list_reservations(_: Callers, __: str) -> Call:
    return Call("GET", "/reservations")


@case
async def batch_reservations(callers: Callers, _: str) -> Call:
    order = uuid4().hex
    reserve = {"op": "reserve", "orderId": order, **await reservation(callers)}
    path = f"/products/{reserve['lines'][0]['productId']}"
    return Call("POST", "/reservations/batch", {"operations": [reserve]}, path)


@case
async def reserve_stock(callers: Callers, _: str) -> Call:
    draft = await reservation(callers)
    path = f"/products/{draft['lines'][0]['productId']}"
    return Call("PUT", f"/reservations/{uuid4().hex}", draft, path)


@case
async def get_reservation(callers: Callers, _: str) -> Call:
    return Call("GET", await new_reservation(callers))


@case
async def commit_reservation(callers: Callers, _: str) -> Call:
    path = await new_reservation(callers)
    return Call("POST", f"{path}/commit", None, path)


@case
async def release_reservation(callers: Callers, _: str) -> Call:
    path = await new_reservation(callers)
    return Call("POST", f"{path}/release", None, path)


# --- order ---


@case
async def place_order(callers: Callers, customer: str) -> Call:
    path = f"/orders?customerId={customer}"
    return Call("POST", "/orders", await order_draft(callers, customer), path)


@case
async def list_orders(callers: Callers, customer: str) -> Call:
    await new_order(callers, customer)
    return Call("GET", f"/orders?customerId={customer}")


@case
async def watch_orders(callers: Callers, customer: str) -> Call:
    await new_order(callers, customer)
    return Call("GET", f"/orders/feed?customerId={customer}")


@case
async def get_order(callers: Callers, customer: str) -> Call:
    return Call("GET", f"/orders/{await new_order(callers, customer)}")


@case
async def list_order_events(callers: Callers, customer: str) -> Call:
    return Call("GET", f"/orders/{await new_order(callers, customer)}/events")


@case
async def list_order_audit(callers: Callers, customer: str) -> Call:
    return Call("GET", f"/orders/{await new_order(callers, customer)}/audit")


@case
async def replace_order(callers: Callers, customer: str) -> Call:
    path = f"/orders/{await new_order(callers, customer)}"
    return Call("PUT", path, {"shippingAddress": ADDRESS}, path)


@case
async def patch_order(callers: Callers, customer: str) -> Call:
    path = f"/orders/{await new_order(callers, customer)}"
    return Call("PATCH", path, {"note": "Ring twice"}, path)


@case
async def delete_order(callers: Callers, customer: str) -> Call:
    path = f"/orders/{await new_order(callers, customer, 'cancel')}"
    return Call("DELETE", path, None, path)


@case
async def pay_order(callers: Callers, customer: str) -> Call:
    path = f"/orders/{await new_order(callers, customer)}"
    return Call("POST", f"{path}/pay", None, path)


@case
async def ship_order(callers: Callers, customer: str) -> Call:
    path = f"/orders/{await new_order(callers, customer, 'pay')}"
    return Call("POST", f"{path}/ship", None, path)


@case
async def deliver_order(callers: Callers, customer: str) -> Call:
    path = f"/orders/{await new_order(callers, customer, 'pay', 'ship')}"
    return Call("POST", f"{path}/deliver", None, path)


@case
async def cancel_order(callers: Callers, customer: str) -> Call:
    path = f"/orders/{await new_order(callers, customer)}"
    return Call("POST", f"{path}/cancel", None, path)

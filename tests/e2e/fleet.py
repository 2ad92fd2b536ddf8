"""Both instances of every service, as Consul lists them, and how tests ask and kill them."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import aiohttp
from tests.asking import Answer, Api, until


class Instances:
    """The instances of one service that Consul reported as passing, asked in turn."""

    def __init__(self, apis: list[Api]) -> None:
        self.apis = apis
        self._turn = cycle(apis)

    @property
    def next(self) -> Api:
        """The one whose turn it is."""
        return next(self._turn)

    async def ask(self, method: str, path: str, json: Any = None) -> Answer:
        """Ask an instance, and the next one where nobody listens."""
        for api in self.apis[:-1]:
            try:
                return await api.ask(method, path, json)
            except aiohttp.ClientConnectionError:
                continue
        return await self.apis[-1].ask(method, path, json)

    async def get(self, path: str) -> Answer:
        return await self.ask("GET", path)

    async def post(self, path: str, json: Any = None) -> Answer:
        return await self.ask("POST", path, json)


@dataclass(frozen=True)
class Fleet:
    """All instances of the three services."""

    customers: Instances
    products: Instances
    orders: Instances

    async def settled(self, order_id: str) -> dict[str, Any]:
        """Return an order once it is confirmed or rejected, and its customer sees it so."""

        def is_settled(order: Any) -> bool:
            return order["status"] != "pending" and order["customerLink"] != "pending"

        order = await until(lambda: self.orders.get(f"/orders/{order_id}"), is_settled, within_s=90)
        if order["customerLink"] == "linked":
            link = f"/customerOrders/{order['customerId']}/{order_id}"
            await until(
                lambda: self.customers.get(link),
                lambda link: link["status"] == order["status"],
                within_s=90,
            )
        return dict(order)

    async def stock(self, product_id: str) -> dict[str, int]:
        """Return the stock of a product, on which all instances must agree."""
        told = [await api.get(f"/products/{product_id}") for api in self.products.apis]
        assert len({str(answer.body["stock"]) for answer in told}) == 1, told
        return dict(told[0].body["stock"])

    async def links(self, customer_id: str) -> dict[str, str]:
        """Return the status of every order that a customer has, by the order's id."""
        found = await self.customers.next.everything(f"/customerOrders/{customer_id}")
        assert max(Counter(link["orderId"] for link in found).values(), default=1) == 1
        return {link["orderId"]: link["status"] for link in found}


@asynccontextmanager
async def fleet(shop: Any) -> AsyncIterator[Fleet]:
    """Find the instances through Consul."""
    consul = shop.url("consul")
    staff = await asyncio.to_thread(shop.run, "token", "--as", "staff")
    async with AsyncExitStack() as stack:
        found = []
        for service in ("customer", "product", "order"):
            urls = await passing(consul, service)
            apis = [
                await stack.enter_async_context(Api(f"{url}/api/v1", staff.stdout.strip()))
                for url in urls
            ]
            found.append(Instances(apis))
        yield Fleet(*found)


async def passing(consul: str, service: str) -> list[str]:
    """Return the addresses of a service's instances that pass their checks."""
    url = f"{consul}/v1/health/service/{service}?passing=true"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        entries = await response.json()
    return [f"http://{e['Service']['Address']}:{e['Service']['Port']}" for e in entries]


def kill(shop: Any, service: str, count: int = 1) -> None:
    """``kill -9`` some instances of a service."""
    for instance in shop.instances(service)[:count]:
        os.kill(instance["pid"], signal.SIGKILL)


async def complete(shop: Any) -> None:
    """Bring back what was killed; return when two instances of each service pass."""
    up = await asyncio.to_thread(shop.run, "up", "--free-ports")
    assert up.returncode == 0, up.stdout + up.stderr

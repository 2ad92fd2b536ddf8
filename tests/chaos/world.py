"""The shop as its public APIs tell, once everything has been asked."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any, TypeVar

import aiohttp
from tests.asking import Api

_AT_ONCE = 16
_ATTEMPTS = 20

Json = dict[str, Any]
T = TypeVar("T")


@dataclass
class World:
    """What each API says. None stands for 404.

    ``orders`` as listed, ``single`` as asked for one by one; ``events`` oldest first;
    ``reservations`` by order id; ``links`` as listed by customer, ``single_links`` by customer and
    order; ``stocks`` by product, as each instance tells; ``adjustments`` by product.
    """

    orders: list[Json] = field(default_factory=list)
    single: dict[str, Json | None] = field(default_factory=dict)
    events: dict[str, list[Json]] = field(default_factory=dict)
    reservations: dict[str, Json | None] = field(default_factory=dict)
    customers: dict[str, Json | None] = field(default_factory=dict)
    links: dict[str, list[Json]] = field(default_factory=dict)
    single_links: dict[tuple[str, str], Json | None] = field(default_factory=dict)
    stocks: dict[str, list[Json]] = field(default_factory=dict)
    adjustments: dict[str, list[Json]] = field(default_factory=dict)


@dataclass
class Told:
    """What to ask for beside what the lists say: ids that the client knows of."""

    orders: set[str]
    customers: set[str]
    reservations: set[str]
    products: set[str]


class Reader:
    """Asks the services, either instance in turn."""

    def __init__(self, apis: Mapping[str, Sequence[Api]]) -> None:
        self._apis = apis
        self._turn = {service: cycle(each) for service, each in apis.items()}
        self._gate = asyncio.Semaphore(_AT_ONCE)

    async def world(self, told: Told) -> World:
        """Ask for everything."""
        world = World()
        world.orders = await self.everything("order", "/orders")
        orders = {order["id"] for order in world.orders} | told.orders
        customers = {order["customerId"] for order in world.orders} | told.customers
        pairs = {(order["customerId"], order["id"]) for order in world.orders}
        world.single = await self._each(orders, "order", "/orders/{}")
        world.events = await _all(orders, self._events)
        world.reservations = await self._each(
            orders | told.reservations, "product", "/reservations/{}"
        )
        world.customers = await self._each(customers, "customer", "/customers/{}")
        there = [customer for customer, found in world.customers.items() if found]
        world.links = await _all(there, self._links)
        world.single_links = await _all(pairs, self._single_link)
        world.stocks = await _all(told.products, self._stocks)
        world.adjustments = await _all(told.products, self._adjustments)
        return world

    async def get(self, service: str, path: str) -> Json | None:
        """Return a resource, None for 404; asks again where it is not answered."""
        return await self._get(next(self._turn[service]), path)

    async def everything(self, service: str, path: str) -> list[Json]:
        """Return all items of a list; an empty one for 404."""
        api, items, cursor = next(self._turn[service]), list[Json](), ""
        while cursor is not None:
            mark = "&" if "?" in path else "?"
            at = f"&cursor={cursor}" if cursor else ""
            page = await self._get(api, f"{path}{mark}limit=100{at}")
            items += page["items"] if page else []
            cursor = page["nextCursor"] if page else None
        return items

    async def _get(self, api: Api, path: str) -> Json | None:
        for left in reversed(range(_ATTEMPTS)):
            try:
                async with self._gate:
                    answer = await api.get(path)
                if answer.status in (200, 404):
                    return answer.body if answer.status == 200 else None
                failed = str(answer)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                failed = repr(error)
            await asyncio.sleep(0.5 if left else 0)
        raise TimeoutError(f"{path}: {failed}")

    async def _each(self, ids: Iterable[str], service: str, path: str) -> dict[str, Json | None]:
        return await _all(ids, lambda each: self.get(service, path.format(each)))

    async def _events(self, order: str) -> list[Json]:
        return list(reversed(await self.everything("order", f"/orders/{order}/events")))

    async def _links(self, customer: str) -> list[Json]:
        return await self.everything("customer", f"/customerOrders/{customer}")

    async def _single_link(self, pair: tuple[str, str]) -> Json | None:
        return await self.get("customer", f"/customerOrders/{pair[0]}/{pair[1]}")

    async def _stocks(self, product: str) -> list[Json]:
        found = [await self._get(api, f"/products/{product}") for api in self._apis["product"]]
        return [each["stock"] for each in found if each]

    async def _adjustments(self, product: str) -> list[Json]:
        return await self.everything("product", f"/products/{product}/stockAdjustments")


async def _all(keys: Iterable[T], ask: Callable[[T], Awaitable[Any]]) -> dict[T, Any]:
    chosen = list(keys)
    return dict(zip(chosen, await asyncio.gather(*map(ask, chosen)), strict=True))


@asynccontextmanager
async def reading(urls: Mapping[str, Sequence[str]]) -> AsyncIterator[Reader]:
    """Give a reader of these instances."""
    async with AsyncExitStack() as stack:
        apis = {
            service: [await stack.enter_async_context(Api(f"{url}/api/v1")) for url in each]
            for service, each in urls.items()
        }
        yield Reader(apis)

"""Many buyers, some of them odd; and a shopkeeper. All that they do is in the client's log."""

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.client import Client
from tests.chaos.record import Attempt

WALK_IN = "walkin"  # how ids of reservations begin that are made without an order
_MOST_AT_ONCE = 250
_PRICES = (199, 500, 999, 1250, 4900, 12000)


@dataclass
class Goods:
    """What there is to buy, and who buys. ``stocks``: initial stock by product id."""

    stocks: dict[str, int] = field(default_factory=dict)
    plain: list[str] = field(default_factory=list)
    hot: str = ""
    dollar: str = ""
    prices: dict[str, int] = field(default_factory=dict)
    customers: list[str] = field(default_factory=list)
    inactive: list[str] = field(default_factory=list)


async def stock_up(client: Client) -> Goods:
    """Create the products and the customers; before the faults, so everything is answered."""
    goods = Goods()
    for number, amount in enumerate(_PRICES):
        goods.plain.append(await _product(client, goods, f"P{number}", 20_000, amount))
    goods.hot = await _product(client, goods, "HOT", 6, 2500)
    goods.dollar = await _product(client, goods, "USD", 20_000, 700, "USD")
    goods.customers = [await new_customer(client, f"buyer-{n}") for n in range(20)]
    goods.inactive = [await new_customer(client, f"inactive-{n}") for n in range(2)]
    for customer in goods.inactive:
        path = f"/customers/{customer}/deactivate"
        await client.insist("customer:deactivate", customer, "POST", path)
    return goods


async def _product(
    client: Client, goods: Goods, sku: str, stock: int, amount: int, currency: str = "EUR"
) -> str:
    price = {"amount": amount, "currency": currency}
    draft = {"sku": sku, "name": f"Product {sku}", "price": price, "initialStock": stock}
    made = await client.insist("product:create", sku, "POST", "/products", draft, key=sku)
    product = str(made.body["id"])
    goods.stocks[product], goods.prices[product] = stock, amount
    return product


async def new_customer(client: Client, name: str) -> str:
    """Create a customer; return the id, or an empty text if that was never answered."""
    draft = {"email": f"{name}@example.com", "firstName": "Ada", "lastName": "Lovelace"}
    made = await client.insist("customer:create", name, "POST", "/customers", draft, key=name)
    return str(made.body["id"]) if made.status == 201 else ""


class Load:
    """About ``per_s`` stories begin each second; each is a few requests, some seconds long."""

    def __init__(self, client: Client, goods: Goods, rng: random.Random, per_s: float) -> None:
        self._client = client
        self._goods = goods
        self._rng = rng
        self._per_s = per_s
        self._number = itertools.count(1)
        self._stories: list[tuple[float, Callable[[], Awaitable[None]]]] = [
            (70, self._buy),
            (10, self._buy_hot),
            (5, self._race),
            (4, self._doomed_customer),
            (4, self._adjust),
            (7, self._walk_in),
        ]

    async def run(self, duration_s: float) -> None:
        """Begin stories for so long; return when all have come to their end."""
        clock = asyncio.get_running_loop().time
        end, under_way = clock() + duration_s, set[asyncio.Task[None]]()
        async with asyncio.TaskGroup() as group:
            while clock() < end:
                await asyncio.sleep(self._rng.expovariate(self._per_s))
                if len(under_way) < _MOST_AT_ONCE:
                    task = group.create_task(self._story())
                    under_way.add(task)
                    task.add_done_callback(under_way.discard)

    async def _story(self) -> None:
        weights, stories = zip(*self._stories, strict=True)
        await self._rng.choices(stories, weights)[0]()

    # --- Buyers ------------------------------------------------------------------------------

    async def _buy(self) -> None:
        lines = self._rng.sample(self._goods.plain, self._rng.choice((1, 1, 2, 3)))
        if self._chance(0.02):
            lines.append("prd_" + "0" * 26)
        if self._chance(0.02):
            lines.append(self._goods.dollar)
        await self._live(await self._place(self._customer(), lines))

    async def _buy_hot(self) -> None:
        await self._live(await self._place(self._customer(), [self._goods.hot]))

    async def _race(self) -> None:
        """Ask for two things at once that exclude each other, of one order."""
        placed = await self._place(self._customer(), self._rng.sample(self._goods.plain, 1))
        order = order_of(placed)
        if order and await self._confirmed(order, placed):
            await asyncio.gather(*(self._move(order, what) for what in ("pay", "cancel")))
            if self._chance(0.7):
                await asyncio.gather(*(self._move(order, what) for what in ("ship", "cancel")))

    async def _live(self, placed: Attempt) -> None:
        """Lead an order on, some way into its life."""
        order = order_of(placed)
        if order and placed.status == 409 and self._chance(0.2):
            await self._move(order, "delete")
        if not order or not await self._confirmed(order, placed):
            return
        await asyncio.sleep(self._rng.uniform(0, 2))
        fate = self._rng.random()
        if fate < 0.15:
            return  # never paid
        if fate < 0.3:
            await self._move(order, "cancel")
            if self._chance(0.4):
                await self._move(order, "delete")
            return
        if await self._move(order, "pay") and self._chance(0.5):
            await self._after_payment(order)

    async def _after_payment(self, order: str) -> None:
        await asyncio.sleep(self._rng.uniform(0, 1))
        if self._chance(0.25):
            await self._move(order, "cancel")
        elif await self._move(order, "ship"):
            await self._move(order, "deliver")

    async def _place(self, customer: str, products: list[str]) -> Attempt:
        tag = f"t{next(self._number)}"
        lines = [{"productId": p, "quantity": self._rng.randint(1, 2)} for p in products]
        address = {"line1": "1 Main St", "line2": tag, "city": "Ulm"}
        address |= {"postalCode": "89073", "country": "DE"}
        draft: dict[str, Any] = {"customerId": customer, "lines": lines, "shippingAddress": address}
        if self._chance(0.06):
            draft["expectedTotal"] = {"amount": 1, "currency": "EUR"}
        ask = ("order:place", tag, "POST", "/orders", draft)
        if self._chance(0.15):
            return await self._client.once(*ask, impatient=True)
        if self._chance(0.04):  # two at once, with one key
            both = (self._client.insist(*ask, key=f"k-{tag}", impatient=True) for _ in range(2))
            return (await asyncio.gather(*both))[0]
        placed = await self._client.insist(*ask, key=f"k-{tag}", impatient=True)
        if self._chance(0.15):
            await asyncio.sleep(self._rng.uniform(0, 3))
            placed = await self._client.insist(*ask, key=f"k-{tag}")
        return placed

    async def _confirmed(self, order: str, placed: Attempt) -> bool:
        """Wait some seconds for a pending order to be decided."""
        if placed.status == 201:
            return True
        for _ in range(12 if placed.status == 202 else 0):
            seen = await self._client.once("order:look", order, "GET", f"/orders/{order}")
            if seen.status == 200 and seen.body["status"] != "pending":
                return bool(seen.body["status"] == "confirmed")
            await asyncio.sleep(self._rng.uniform(0.3, 1.2))
        return False

    async def _move(self, order: str, what: str) -> bool:
        """Ask for a transition, or for the deletion; repeat it where the answer was lost."""
        method, path = "POST", f"/orders/{order}/{what}"
        if what == "delete":
            method, path = "DELETE", f"/orders/{order}"
        ask = self._client.insist if self._chance(0.8) else self._client.once
        moved = await ask(f"order:{what}", order, method, path, impatient=True)
        return moved.status in (200, 204)

    def _customer(self) -> str:
        if self._chance(0.08):
            return "cus_" + "0" * 26
        if self._chance(0.08):
            return self._rng.choice(self._goods.inactive)
        return self._rng.choice(self._goods.customers)

    # --- Others ------------------------------------------------------------------------------

    async def _doomed_customer(self) -> None:
        """Delete a customer while orders of theirs are placed."""
        customer = await new_customer(self._client, f"doomed-{next(self._number)}")
        if not customer:
            return
        async with asyncio.TaskGroup() as group:
            for _ in range(self._rng.randint(1, 3)):
                group.create_task(self._doomed_order(customer))
            await asyncio.sleep(self._rng.uniform(0, 0.5))
            for _ in range(4):
                ask = ("customer:delete", customer, "DELETE", f"/customers/{customer}")
                gone = await self._client.insist(*ask, impatient=True)
                if gone.status in (204, 404):
                    break
                await asyncio.sleep(self._rng.uniform(0.1, 4))

    async def _doomed_order(self, customer: str) -> None:
        await asyncio.sleep(self._rng.uniform(0, 0.6))
        placed = await self._place(customer, [self._rng.choice(self._goods.plain)])
        order = order_of(placed)
        if order and await self._confirmed(order, placed):
            await self._move(order, "cancel")

    async def _adjust(self) -> None:
        """Goods come in, or get lost; each time under a reason of its own."""
        product = self._rng.choice([*self._goods.plain, self._goods.hot, self._goods.hot])
        tag = f"a{next(self._number)}"
        draft = {"delta": self._rng.choice((-3, -1, 2, 4, 6)), "reason": tag}
        path = f"/products/{product}/stockAdjustments"
        ask = ("product:adjust", tag, "POST", path, draft)
        if self._chance(0.3):
            await self._client.once(*ask, impatient=True)
        else:
            await self._client.insist(*ask, key=tag, impatient=True)

    async def _walk_in(self) -> None:
        """Reserve without an order, shortly; then buy, leave it, or let it expire."""
        name = f"{WALK_IN}-{next(self._number)}"
        product = self._rng.choice([*self._goods.plain, self._goods.hot])
        draft = {"lines": [{"productId": product, "quantity": 1}]}
        draft["ttlSeconds"] = self._rng.randint(2, 8)  # type: ignore[assignment]
        path = f"/reservations/{name}"
        held = await self._client.insist("product:reserve", name, "PUT", path, draft)
        end = self._rng.choice(("commit", "release", None, None))
        if held.status in (200, 201) and end:
            await asyncio.sleep(self._rng.uniform(0, 3))
            await self._client.insist(f"product:{end}", name, "POST", f"{path}/{end}")

    def _chance(self, probability: float) -> bool:
        return self._rng.random() < probability


def order_of(placed: Attempt) -> str | None:
    """Return the id of the order that a placing has made, if its answer says so."""
    if placed.status in (201, 202):
        return str(placed.body["id"])
    with suppress(KeyError, TypeError):
        return str(placed.body["orderId"])
    return None

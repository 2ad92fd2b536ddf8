"""Every instance of the shop is restarted, one after the other, while callers read and order."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.asking import Api, add_customer, add_product
from tests.chaos.reconciled import Reconciled, reconcile
from tests.resilience import gate as gates
from tests.resilience import house as houses
from tests.resilience.gate import Gate, Seen
from tests.resilience.house import House
from tests.resilience.load import Rate

NAME = "shop"
TITLE = "rolling restart of the shop itself"
_BASE = "/api/v1"
_STOCK = 1_000_000
_SETTLE_S = 1.0  # connections are opened, latencies learned
_GRACE_S = 5.0  # Member kills what has not ended by then
_CONFIRMED_WITHIN_S = 90.0


@dataclass(frozen=True)
class Pace:
    """How long and how often; the rates are those of each part, of which there are ``parts``.

    Each part has a product and a customer of its own, and orders another number of pieces.
    ``side_by_side``: an instance of each service is restarted at once, which takes less time.
    """

    before_s: float
    after_s: float
    rounds: int
    parts: int
    reads: Rate
    orders: Rate
    settings: Mapping[str, str]
    side_by_side: bool = False


SHORT = Pace(1, 1, 1, 2, Rate(5, 3), Rate(3, 2), {}, side_by_side=True)
FULL = Pace(6, 6, 3, 5, Rate(4, 3), Rate(2, 2), {"SHOP_LINGER_S": "1"})


@dataclass(frozen=True)
class Books:
    """What the shop says afterwards; pieces are by product, in the order of the parts."""

    statuses: Counter[str]
    reserved: list[int]
    reconciled: Reconciled


@dataclass(frozen=True)
class Result:
    """``stops_s``: what each stop took. Other times on the monotonic clock."""

    began_s: float
    restarts_s: float
    over_s: float
    ended_s: float
    stops_s: list[float]
    instances: Mapping[str, list[str]]
    reads: Seen
    orders: Seen
    books: Books

    @property
    def taken(self) -> list[int]:
        """How many orders of each part were taken: answered 201 or 202."""
        return [sum(call.status in (201, 202) for call in load) for load in self.orders.loads]

    @property
    def pieces(self) -> list[int]:
        """How many pieces of each product these ask for."""
        return [taken * _quantity(part) for part, taken in enumerate(self.taken)]

    def broken(self) -> Iterator[str]:
        """Say what is not as it was promised."""
        yield from _unanswered("GET", self.reads, (200,))
        yield from _unanswered("POST", self.orders, (201, 202))
        if self.books.statuses != Counter(confirmed=sum(self.taken)):
            yield f"{sum(self.taken)} orders were taken, and there are {dict(self.books.statuses)}"
        if self.books.reserved != self.pieces:
            yield f"{self.pieces} pieces were ordered, {self.books.reserved} are reserved"
        if self.books.reconciled.code:
            yield f"reconcile: {self.books.reconciled.lines}"
        if max(self.stops_s) >= _GRACE_S:
            yield "an instance did not stop in time, and was killed"
        for service, seen in (("product", self.reads), ("order", self.orders)):
            if idle := {*self.instances[service]} - seen.answering(self.over_s):
                yield f"{sorted(idle)} answered nothing after the restarts"


def _unanswered(method: str, seen: Seen, good: Sequence[int]) -> Iterator[str]:
    if seen.good(good) != seen.asked:
        statuses = dict(Counter(call.status for call in seen.calls))
        yield f"of {seen.asked} calls ({method}) these were answered: {statuses}"


async def run(pace: Pace, programs: Mapping[str, Path], logs: Path) -> Result:
    """Start a shop, restart its instances under load; what was started is ended in any case."""
    async with AsyncExitStack() as ending:
        house = await ending.enter_async_context(houses.opened(programs, logs, pace.settings))
        product, order = [
            await ending.enter_async_context(gates.opened(house, service))
            for service in ("product", "order")
        ]
        drafts = await _drafts(house, pace.parts)
        await _call(product, order, drafts, pace)
        await asyncio.sleep(_SETTLE_S)
        began_s = time.monotonic()
        await asyncio.sleep(pace.before_s)
        restarts_s = time.monotonic()
        stops_s: list[float] = []
        for names in pace.rounds * _turns(house, pace):
            stops_s += await asyncio.gather(*(house.restart(name) for name in names))
        over_s = time.monotonic()
        await asyncio.sleep(pace.after_s)
        ended_s = time.monotonic()
        reads, orders = await product.finish(), await order.finish()
        instances = {service: house.of(service) for service in ("product", "order")}
        books = await _books(house, drafts)
    return Result(began_s, restarts_s, over_s, ended_s, stops_s, instances, reads, orders, books)


def _turns(house: House, pace: Pace) -> list[Sequence[str]]:
    """Return what is restarted at once: one instance of each service, then the other of each."""
    pairs = [house.of(service) for service in ("customer", "product", "order")]
    turns: list[Sequence[str]] = list(zip(*pairs, strict=True))
    return turns if pace.side_by_side else [[name] for names in turns for name in names]


async def _call(product: Gate, order: Gate, drafts: Sequence[Any], pace: Pace) -> None:
    paths = [f"{_BASE}/products/{draft['lines'][0]['productId']}" for draft in drafts]
    await product.get(paths, pace.reads)
    await order.post(f"{_BASE}/orders", drafts, pace.orders)


async def _drafts(house: House, parts: int) -> list[dict[str, Any]]:
    """Return what the callers of each part order, over and over."""
    async with (
        Api(house.url("customer") + _BASE) as customers,
        Api(house.url("product") + _BASE) as products,
    ):
        return [
            {
                "customerId": await add_customer(customers),
                "lines": [
                    {
                        "productId": await add_product(products, stock=_STOCK),
                        "quantity": _quantity(part),
                    }
                ],
            }
            for part in range(parts)
        ]


def _quantity(part: int) -> int:
    return part + 1


# --- Afterwards ----------------------------------------------------------------------------------


async def _books(house: House, drafts: Sequence[Any]) -> Books:
    async with (
        Api(house.url("order") + _BASE) as orders,
        Api(house.url("product") + _BASE) as products,
    ):
        statuses = Counter(order["status"] for order in await _settled(orders))
        ids = [draft["lines"][0]["productId"] for draft in drafts]
        told = [(await products.get(f"/products/{each}")).body["stock"] for each in ids]
    reconciled = await reconcile(house.instances[house.of("order")[0]])
    return Books(statuses, [stock["reserved"] for stock in told], reconciled)


async def _settled(orders: Api) -> list[Any]:
    """Return all orders as soon as none is pending, nor its customer's copy; or as they are."""
    until_s = time.monotonic() + _CONFIRMED_WITHIN_S
    while True:
        found = await orders.everything("/orders")
        if all(_is_settled(order) for order in found) or time.monotonic() > until_s:
            return found
        await asyncio.sleep(0.2)  # the relays of the order service are at it


def _is_settled(order: Any) -> bool:
    return order["status"] != "pending" and order["customerLink"] != "pending"

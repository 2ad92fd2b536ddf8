"""Orders per second of several shops, side by side in one run, as ratios to the first.

    python bench/orders.py old=http://127.0.0.1:8001,http://127.0.0.1:8002,http://127.0.0.1:8003 \
        new=http://127.0.0.1:9001,http://127.0.0.1:9002,http://127.0.0.1:9003

Each shop is given by its customer, product and order addresses; start them beforehand. The rounds
are interleaved, so that what else the machine does falls on all alike. ``+keys`` behind a name
(``new+keys=...``) sends an Idempotency-Key with every order.
"""

import argparse
import asyncio
import statistics
import sys
import time
from dataclasses import dataclass, field
from uuid import uuid4

import aiohttp

CUSTOMERS, PRODUCTS, STOCK = 20, 200, 1_000_000


@dataclass
class Shop:
    """One shop, and what was measured of it."""

    name: str
    customer: str
    product: str
    order: str
    keys: bool
    customers: list[str] = field(default_factory=list)
    products: list[str] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)

    @classmethod
    def parse(cls, text: str) -> "Shop":
        name, _, addresses = text.partition("=")
        bases = [f"{address}/api/v1" for address in addresses.split(",")]
        return cls(name, *bases, keys=name.endswith("+keys"))


async def fill(shop: Shop, session: aiohttp.ClientSession) -> None:
    """Put in what is ordered from."""
    mark = uuid4().hex[:12]
    for n in range(CUSTOMERS):
        person = {"email": f"{mark}-{n}@example.org", "firstName": "Ada", "lastName": "Bench"}
        shop.customers.append(await made(session, f"{shop.customer}/customers", person))
    for n in range(PRODUCTS):
        price = {"amount": 999, "currency": "EUR"}
        thing = {"sku": f"{mark}-{n}", "name": "Thing", "price": price, "initialStock": STOCK}
        shop.products.append(await made(session, f"{shop.product}/products", thing))


async def made(session: aiohttp.ClientSession, url: str, what: object) -> str:
    async with session.post(url, json=what) as response:
        response.raise_for_status()
        return str((await response.json())["id"])


async def measure(shop: Shop, session: aiohttp.ClientSession, at_once: int, seconds: float) -> None:
    """Place orders for some seconds."""
    end, placed = time.perf_counter() + seconds, 0

    async def buyer(_number: int) -> None:
        nonlocal placed
        while time.perf_counter() < end:
            placed += 1
            draft = {
                "customerId": shop.customers[placed % CUSTOMERS],
                "lines": [{"productId": shop.products[placed % PRODUCTS], "quantity": 1}],
            }
            headers = {"Idempotency-Key": uuid4().hex} if shop.keys else {}
            begun = time.perf_counter()
            async with session.post(f"{shop.order}/orders", json=draft, headers=headers) as answer:
                await answer.read()
                if answer.status not in (201, 202):
                    sys.exit(f"{shop.name} answered {answer.status}")
            shop.latencies_ms.append((time.perf_counter() - begun) * 1000)

    begun = time.perf_counter()
    await asyncio.gather(*map(buyer, range(at_once)))
    shop.rates.append(placed / (time.perf_counter() - begun))


async def run(shops: list[Shop], at_once: int, rounds: int, seconds: float) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        for shop in shops:
            await fill(shop, session)
            await measure(shop, session, at_once, 1.0)  # warm
            shop.rates.clear()
            shop.latencies_ms.clear()
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", file=sys.stderr)
            for shop in shops:
                await measure(shop, session, at_once, seconds)


def table(shops: list[Shop], at_once: int) -> str:
    first = statistics.median(shops[0].rates)
    head = f"{'shop':<16} {'orders/s':>9} {'p50 ms':>8} {'p99 ms':>8} {'ratio':>6}"
    lines = [f"{head}  ({at_once} at once)"]
    for shop in shops:
        rate, waits = statistics.median(shop.rates), sorted(shop.latencies_ms)
        p50, p99 = waits[len(waits) // 2], waits[len(waits) * 99 // 100]
        lines.append(f"{shop.name:<16} {rate:>9.0f} {p50:>8.1f} {p99:>8.1f} {rate / first:>6.2f}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("shops", nargs="+", metavar="NAME=CUSTOMER,PRODUCT,ORDER", type=Shop.parse)
    parser.add_argument("--at-once", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    given = parser.parse_args()
    asyncio.run(run(given.shops, given.at_once, given.rounds, given.seconds))
    print(table(given.shops, given.at_once))


if __name__ == "__main__":
    main()

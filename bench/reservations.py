"""Reserving stock, 64 at once: a multi-document transaction against guarded updates.

The bare update only takes the piece, and keeps no reservation: it is what there is to reach.

    python bench/reservations.py --mongo 'mongodb://127.0.0.1:27017/?replicaSet=rs0'

Each round runs every way on one product and on 1000 products, one after the other, so that a
slow minute of the machine hits all of them alike. Every write is acknowledged by a majority and
journaled. It uses a database of its own, which it drops.
"""

import argparse
import asyncio
import os
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import uuid4

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import PyMongoError

from shop.common.clock import now
from shop.common.config import MongoConfig
from shop.common.ids import new_id
from shop.common.money import Money
from shop.common.mongo import Database, connect
from shop.product.model import Product, ProductDetails, Stock
from shop.product.repository import MongoReservations, MongoShelf, create_indexes
from shop.product.repository.documents import product_document
from shop.product.service import Reservations

AT_ONCE = 64
TTL = timedelta(minutes=15)

Reserve = Callable[[str, str], Awaitable[int]]
"""Reserves one piece (order id, product id), and returns how many attempts that took."""


@dataclass
class Outcome:
    """What one way of reserving achieved on so many products."""

    rates: list[float] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)
    attempts: int = 0

    def row(self) -> str:
        p50, p99 = (statistics.quantiles(self.latencies_ms, n=100)[i] for i in (49, 98))
        tries = self.attempts / len(self.latencies_ms)
        return f"{statistics.median(self.rates):9.0f} {p50:9.1f} {p99:9.1f} {tries:9.2f}"


def guarded(database: Database) -> Reserve:
    """The service as it is: look, guarded update, journal; each gathered."""
    reservations = Reservations(
        MongoShelf(database["products"]), MongoReservations(database["reservations"])
    )

    async def reserve(order_id: str, product_id: str) -> int:
        await reservations.reserve(order_id, [(product_id, 1)], TTL)
        return 1

    return reserve


def one_by_one(database: Database) -> Reserve:
    """The same without gathering: each caller sends its own commands."""
    shelf = MongoShelf(database["products"])
    journal = MongoReservations(database["reservations"])
    for store, names in ((shelf, ("_look", "_apply")), (journal, ("_insert",))):
        for name in names:
            setattr(store, name, _alone(getattr(store, f"{name}_together")))
    reservations = Reservations(shelf, journal)

    async def reserve(order_id: str, product_id: str) -> int:
        await reservations.reserve(order_id, [(product_id, 1)], TTL)
        return 1

    return reserve


def bare(database: Database) -> Reserve:
    """One guarded update, and nothing that says for whom."""

    async def reserve(_order_id: str, product_id: str) -> int:
        available = {"$subtract": ["$stock.onHand", "$stock.reserved"]}
        result = await database["products"].update_one(
            {"_id": product_id, "$expr": {"$gte": [available, 1]}},
            {"$inc": {"stock.reserved": 1, "version": 1}},
        )
        assert result.matched_count == 1
        return 1

    return reserve


def _alone(together: Callable[[list[Any]], Awaitable[list[Any]]]) -> Callable[[Any], Any]:
    async def alone(argument: Any) -> Any:
        return (await together([argument]))[0]

    return alone


def transaction(database: Database) -> Reserve:
    """The textbook: check, take and write the reservation down in one transaction."""

    async def attempt(session: AsyncClientSession, order_id: str, product_id: str) -> None:
        product = await database["products"].find_one_and_update(
            {
                "_id": product_id,
                "$expr": {"$gte": [{"$subtract": ["$stock.onHand", "$stock.reserved"]}, 1]},
            },
            {"$inc": {"stock.reserved": 1, "version": 1}},
            {"sku": True, "name": True, "price": True},
            session=session,
        )
        assert product
        line = {
            "productId": product_id,
            "sku": product["sku"],
            "name": product["name"],
            "unitPrice": product["price"],
            "quantity": 1,
        }
        moment = now()
        reservation = {
            "_id": order_id,
            "state": "held",
            "lines": [line],
            "createdAt": moment,
            "expiresAt": moment + TTL,
            "version": 1,
        }
        await database["reservations"].insert_one(reservation, session=session)

    async def reserve(order_id: str, product_id: str) -> int:
        async with database.client.start_session() as session:
            for tries in count(1):
                try:
                    async with await session.start_transaction():
                        await attempt(session, order_id, product_id)
                except PyMongoError as error:
                    if not error.has_error_label("TransientTransactionError"):
                        raise
                else:
                    return tries
        raise AssertionError("unreachable")

    return reserve


async def run(reserve: Reserve, products: list[str], seconds: float, outcome: Outcome) -> None:
    """Let 64 buyers reserve one piece after the other for a while."""
    end = time.perf_counter() + seconds
    numbers, before = count(), len(outcome.latencies_ms)

    async def buy() -> None:
        while (start := time.perf_counter()) < end:
            product_id = products[next(numbers) * 7919 % len(products)]
            attempts = await reserve(new_id("ord"), product_id)
            outcome.attempts += attempts
            outcome.latencies_ms.append((time.perf_counter() - start) * 1000)

    start = time.perf_counter()
    buyers = [asyncio.create_task(buy()) for _ in range(AT_ONCE)]
    done, stragglers = await asyncio.wait(buyers, timeout=seconds + 1.5)
    for straggler in stragglers:  # a transaction on a hot product may take for ever
        straggler.cancel()
    await asyncio.gather(*stragglers, return_exceptions=True)
    for buyer in done:
        buyer.result()
    took = time.perf_counter() - start
    outcome.rates.append((len(outcome.latencies_ms) - before) / took)


async def fill(database: Database, number: int) -> list[str]:
    """Put products with endless stock into the catalogue."""
    moment, price = now(), Money(1999, "EUR")
    products = [
        Product(
            new_id("prd"),
            ProductDetails(f"SKU-{number}-{i}", f"Thing {i}", price, "A thing among things."),
            Stock(10**9),
            version=1,
            edition=1,
            created_at=moment,
            updated_at=moment,
        )
        for i in range(number)
    ]
    await database["products"].insert_many([product_document(p) for p in products])
    return [p.id for p in products]


async def compare(database: Database, rounds: int, seconds: float) -> None:
    """Run all rounds, and print the table."""
    await create_indexes(database)
    catalogues = {n: await fill(database, n) for n in (1, 1000)}
    ways = {
        "bare update": bare(database),
        "transaction": transaction(database),
        "guarded, one by one": one_by_one(database),
        "guarded, gathered": guarded(database),
    }
    outcomes = {(n, way): Outcome() for n in catalogues for way in ways}
    for way in ways.values():
        await run(way, catalogues[1000], 0.5, Outcome())
    for _ in range(rounds):
        for (n, way), outcome in outcomes.items():
            await run(ways[way], catalogues[n], seconds, outcome)
    print(f"{AT_ONCE} at once, {rounds} rounds of {seconds} s each, majority and journaled")
    columns = ("per s", "p50 ms", "p99 ms", "attempts", "x trans.", "x bare")
    print(f"{'':36}" + " ".join(f"{column:>9}" for column in columns))
    for (n, way), outcome in outcomes.items():
        rate = statistics.median(outcome.rates)
        bases = [
            statistics.median(outcomes[n, each].rates) for each in ("transaction", "bare update")
        ]
        ratios = " ".join(f"{rate / base:9.2f}" for base in bases)
        print(f"{n:5} products, {way:20}{outcome.row()} {ratios}")


async def main() -> None:
    """Read the command line, and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mongo", default=os.environ.get("SHOP_MONGO_URI"), required=False)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    if not options.mongo:
        parser.error("say where MongoDB is, with --mongo or SHOP_MONGO_URI")
    async with connect(MongoConfig(uri=options.mongo, timeout_s=30)) as client:
        database = client[f"bench_{uuid4().hex}"]
        try:
            await compare(database, options.rounds, options.seconds)
        finally:
            await client.drop_database(database.name)


if __name__ == "__main__":
    asyncio.run(main())

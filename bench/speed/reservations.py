"""Reservations per second of one product, 64 buyers, beside a bare guarded update for each.

In this process, without HTTP: ``bench/reservations.py`` has the ways that are compared.
"""

import sys
import time
from uuid import uuid4

from bench import reservations as ways
from bench.reservations import Outcome, Reserve
from bench.speed.options import Options
from bench.speed.samples import Sample
from bench.speed.stage import Stage

from shop.common.config import MongoConfig
from shop.common.mongo import Database, connect
from shop.product.repository import create_indexes

ROW, BARE, SHOP = "reserve, one hot product", "bare guarded update", "shop"


def bare(database: Database) -> Reserve:
    """Take a piece if there is one: one command per reservation, and nothing is written down."""

    async def reserve(_order_id: str, product_id: str) -> int:
        result = await database["products"].update_one(
            {"_id": product_id, "$expr": {"$lt": ["$stock.reserved", "$stock.onHand"]}},
            {"$inc": {"stock.reserved": 1, "version": 1}},
        )
        assert result.matched_count == 1
        return 1

    return reserve


async def run(stage: Stage, options: Options) -> list[Sample]:
    samples = []
    async with connect(MongoConfig(uri=stage.mongo, timeout_s=30)) as client:
        database = client[f"bench_{uuid4().hex}"]
        await create_indexes(database)
        contenders = {BARE: bare(database), SHOP: ways.guarded(database)}
        if not options.quick:
            contenders["transaction"] = ways.transaction(database)
        # One product for each: the document of who came first would be the largest.
        products = {name: await _product(database) for name in contenders}
        for number in range(options.rounds + 1):  # the first one warms up
            for name, reserve in contenders.items():
                print(f"round {number}: {ROW}, {name}", file=sys.stderr)
                outcome, before_s = Outcome(), time.process_time()
                await ways.run(reserve, products[name], options.seconds, outcome)
                used_s = time.process_time() - before_s
                if number:
                    samples.append(_sample(name, number, outcome, used_s))
        await client.drop_database(database.name)
    return sorted(samples, key=lambda s: (list(contenders).index(s.contender), s.round))


async def _product(database: Database) -> list[str]:
    """Put one product in; its sku is to be another one than that of those before."""
    (product_id,) = await ways.fill(database, 1)
    sku = {"$set": {"sku": product_id}}
    await database["products"].update_one({"_id": product_id}, sku)
    return [product_id]


def _sample(name: str, number: int, outcome: Outcome, used_s: float) -> Sample:
    waits = sorted(outcome.latencies_ms) or [0.0]
    return Sample(
        row=ROW,
        contender=name,
        at=ways.AT_ONCE,
        round=number,
        rate=outcome.rates[0],
        p50_ms=waits[len(waits) // 2],
        p99_ms=waits[len(waits) * 99 // 100],
        cpu_us=used_s / len(waits) * 1e6,
        mongo_us=0.0,
    )

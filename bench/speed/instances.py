"""What more processes bring: 1 to 4 instances of each service, or as many workers of one.

One shop runs after the other.
"""

from dataclasses import replace

from bench.speed import contender, goods
from bench.speed.cast import cast, say
from bench.speed.contender import Contender
from bench.speed.options import Options
from bench.speed.orders import ORDER, order_load
from bench.speed.rounds import Load, measure
from bench.speed.samples import Sample
from bench.speed.scripts import gets
from bench.speed.stage import Stage

GET = "GET by id"
INSTANCES, WORKERS = "shop", "shop, workers"
ALL = (*((INSTANCES, count) for count in (1, 2, 3, 4)), (WORKERS, 1), (WORKERS, 2))
QUICK = ((INSTANCES, 1), (INSTANCES, 2), (WORKERS, 2))
CONNECTIONS = 64


async def run(stage: Stage, options: Options) -> list[Sample]:
    """Start a shop anew in each round: idle instances of others would disturb it."""
    samples: list[Sample] = []
    first: Contender | None = None
    for number in range(1, options.rounds + 1):
        for name, count in QUICK if options.quick else ALL:
            say(f"Round {number} of {options.rounds}: {count} of each service ({name})")
            async with cast(stage) as players:
                shop = await players.enter(_start(stage, name, count))
                if first is None:
                    await goods.fill(shop)
                    first = shop
                shop.customers, shop.products = first.customers, first.products
                await goods.read(shop)
                found = await measure(stage, _loads(shop, count), 1, options.seconds)
                samples += [replace(sample, round=number) for sample in found]
    return sorted(samples, key=lambda s: (s.row, s.contender, s.at, s.round))


async def _start(stage: Stage, name: str, count: int) -> Contender:
    if name == WORKERS:
        return await contender.shop(stage, name, database="shop", workers=count)
    return await contender.shop(stage, name, instances=count)


def _loads(shop: Contender, count: int) -> list[Load]:
    """Load all processes alike: wrk has one thread for each."""
    paths = [f"/api/v1/products/{product_id}" for product_id in shop.products]
    script = gets(shop.addresses("product"), paths)
    get = Load(GET, shop, "product", lambda: script, (count,))
    order = order_load(ORDER, shop, shop.products, (count,))
    return [replace(load, connections=CONNECTIONS, threads=count) for load in (get, order)]

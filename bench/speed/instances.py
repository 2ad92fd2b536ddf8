"""What more instances bring: the shop with 1 to 4 of each service, one shop after the other."""

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
COUNTS, QUICK_COUNTS = (1, 2, 3, 4), (1, 2)
CONNECTIONS = 64


async def run(stage: Stage, options: Options) -> list[Sample]:
    """Start a shop anew in each round: idle instances of others would disturb it."""
    samples: list[Sample] = []
    first: Contender | None = None
    for number in range(1, options.rounds + 1):
        for count in QUICK_COUNTS if options.quick else COUNTS:
            say(f"Round {number} of {options.rounds}: {count} of each service")
            async with cast(stage) as players:
                shop = await players.enter(contender.shop(stage, instances=count))
                if first is None:
                    await goods.fill(shop)
                    first = shop
                shop.customers, shop.products = first.customers, first.products
                await goods.read(shop)
                found = await measure(stage, _loads(shop, count), 1, options.seconds)
                samples += [replace(sample, round=number) for sample in found]
    return sorted(samples, key=lambda s: (s.row, s.at, s.round))


def _loads(shop: Contender, count: int) -> list[Load]:
    """Load all instances alike: wrk has one thread for each."""
    paths = [f"/api/v1/products/{product_id}" for product_id in shop.products]
    script = gets(shop.addresses("product"), paths)
    get = Load(GET, shop, "product", lambda: script, (count,))
    order = order_load(ORDER, shop, shop.products, (count,))
    return [replace(load, connections=CONNECTIONS, threads=count) for load in (get, order)]

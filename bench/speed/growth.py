"""Whether it costs more where there is more: shops with 1,000 to 1,000,000 products and orders."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from functools import partial

import aiohttp
from bench.speed import bulk, contender, goods
from bench.speed.cast import Cast, cast, say
from bench.speed.contender import Contender
from bench.speed.options import Options
from bench.speed.orders import ORDER, order_load
from bench.speed.rounds import Load, measure
from bench.speed.samples import Sample
from bench.speed.scripts import gets
from bench.speed.stage import Stage

GET, UNCACHED = "GET by id", "GET by id, no cache"
COMMON, RARE = "search, one product in ten", "search, 20 products"
SIZES, QUICK_SIZES = (1_000, 100_000, 1_000_000), (1_000, 20_000)
DEPTHS = (0, 10_000, 500_000)
CONNECTIONS = 16
_INDEXED_WITHIN_S = 900.0
_PRODUCTS = "/api/v1/products"


def list_row(depth: int) -> str:
    return f"list of 20, after {depth:,}"


async def run(stage: Stage, options: Options) -> list[Sample]:
    async with cast(stage) as players:
        loads: list[Load] = []
        for size in QUICK_SIZES if options.quick else SIZES:
            loads += await _shop(stage, players, size)
        return await measure(stage, loads, options.rounds, options.seconds)


async def _shop(stage: Stage, players: Cast, size: int) -> list[Load]:
    say(f"Writing {size:,} products and orders")
    name = f"growth{size}"
    customers, products = await bulk.fill(stage.mongo, name, size)
    say("Starting the shop, which builds its indexes")
    start = partial(
        contender.shop,
        stage,
        "shop",
        database=name,
        announced=False,
        ready_within_s=_INDEXED_WITHIN_S,
    )
    shop = await players.enter(start())
    no_cache = {"SHOP_REDIS_URL": ""}
    uncached = await players.enter(start(services=("product",), settings=no_cache))
    for each in (shop, uncached):
        each.customers, each.products = customers, products
    await goods.read(shop)
    await goods.read(uncached)
    return [load async for load in _loads(shop, uncached, size)]


async def _loads(shop: Contender, uncached: Contender, size: int) -> AsyncIterator[Load]:
    paths = [f"{_PRODUCTS}/{product_id}" for product_id in shop.products]
    yield _load(GET, shop, paths, size)
    yield _load(UNCACHED, uncached, paths, size)
    async for depth, path in _pages(shop, size):
        yield _load(list_row(depth), shop, [path], size)
    yield _load(COMMON, shop, [f"{_PRODUCTS}?limit=20&q={goods.COMMON}"], size)
    yield _load(RARE, shop, [f"{_PRODUCTS}?limit=20&q={goods.RARE}"], size)
    load = order_load(ORDER, shop, shop.products, (size,))
    yield replace(load, connections=CONNECTIONS)


def _load(row: str, who: Contender, paths: Sequence[str], size: int) -> Load:
    script = gets(who.addresses("product"), paths)
    return Load(row, who, "product", lambda: script, (size,), connections=CONNECTIONS)


async def _pages(shop: Contender, size: int) -> AsyncIterator[tuple[int, str]]:
    """Return the pages at the depths that there are, found by walking there as a caller would."""
    seen, cursor, last = 0, "", max(depth for depth in DEPTHS if depth < size)
    async with aiohttp.ClientSession(shop.base("product"), raise_for_status=True) as session:
        while True:
            if seen in DEPTHS:
                yield seen, f"{_PRODUCTS}?limit=20{cursor}"
            if seen == last:
                return
            async with session.get(f"{_PRODUCTS}?limit=100{cursor}") as response:
                page = await response.json()
            seen, cursor = seen + 100, f"&cursor={page['nextCursor']}"

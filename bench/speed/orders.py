"""Writing: creating customers, placing orders, and placing orders of one hot product."""

from collections.abc import Iterator, Sequence
from uuid import uuid4

from bench.speed import contender, goods
from bench.speed.cast import bodies, cast, say
from bench.speed.contender import SERVICES, Contender
from bench.speed.options import Options
from bench.speed.rounds import Load, measure
from bench.speed.samples import Sample
from bench.speed.scripts import new_customers, orders
from bench.speed.stage import Stage
from pymongo import AsyncMongoClient

CUSTOMER, ORDER, HOT = "create customer", "place order", "place order, one hot product"

_AT, _RIVALS_CUSTOMER = (1, 16, 64, 256), (16, 64)
_QUICK = (64,)


async def run(stage: Stage, options: Options) -> list[Sample]:
    async with cast(stage) as players:
        say("Starting the shop")
        shop = await players.enter(contender.shop(stage))
        await goods.fill(shop)
        await goods.read(shop)
        floor = await players.enter(contender.floor(stage, await bodies(stage, shop)))
        floor.customers, floor.products = shop.customers, shop.products
        writes = await players.enter(contender.writes(stage))
        writes.customers, writes.products = shop.customers, shop.products
        others = await players.rivals(options, SERVICES)
        loads = [
            *_customers([floor, shop, *others], options),
            *_orders([floor, writes, shop, *others], options),
            *_hot([shop, *others], options),
        ]
        samples = await measure(stage, loads, options.rounds, options.seconds)
    say(await _outcome(stage))
    return samples


async def _outcome(stage: Stage) -> str:
    """Say how the shop's orders stand, once it has ended: none may be left out."""
    async with AsyncMongoClient(stage.mongo) as client:
        stored = client["shop_order"]["orders"]
        by_status = await stored.aggregate([{"$sortByCount": "$status"}])
        found = [f"{each['count']:,} {each['_id']}" async for each in by_status]
    return f"The shop's orders at the end: {', '.join(found)}"


def _customers(who: Sequence[Contender], options: Options) -> Iterator[Load]:
    for each in who:
        at = _AT if each.name in ("floor", "shop") else _RIVALS_CUSTOMER

        def script(of: Contender = each) -> str:
            return new_customers(of.addresses("customer"), uuid4().hex[:10])

        yield Load(CUSTOMER, each, "customer", script, _QUICK if options.quick else at)


def _orders(who: Sequence[Contender], options: Options) -> Iterator[Load]:
    for each in who:
        yield order_load(ORDER, each, each.products, _QUICK if options.quick else _AT)


def _hot(who: Sequence[Contender], options: Options) -> Iterator[Load]:
    for each in who:
        at = _AT if each.name in ("shop", "Moleculer") and not options.quick else _QUICK
        yield order_load(HOT, each, each.products[:1], at)


def order_load(row: str, who: Contender, products: Sequence[str], at: Sequence[int]) -> Load:
    script = orders(who.addresses("order"), who.customers, products)
    return Load(row, who, "order", lambda: script, at)

"""Reading: a product by id, cached and not; a 304; a list of 20; a search."""

from collections.abc import Iterator, Sequence
from functools import partial

from bench.speed import contender, goods
from bench.speed.cast import Cast, bodies, cast, say
from bench.speed.contender import Contender
from bench.speed.options import Options
from bench.speed.rounds import Load, measure
from bench.speed.samples import Sample
from bench.speed.scripts import gets
from bench.speed.stage import Stage

GET, NOT_MODIFIED, LIST, SEARCH = "GET by id", "GET by id, 304", "list of 20", "search"
QUIET, UNCACHED = "shop, log and metrics off", "shop, no cache"
MOLECULER_UNCACHED = "Moleculer, no cache"

QUIET_SETTINGS = {
    "SHOP_LOG_LEVEL": "error",
    "SHOP_REQUEST_LOG": "false",
    "SHOP_METRICS": "false",
}
_PRODUCT = ("product",)
_BY_ID, _OTHERWISE, _RIVALS = (1, 8, 16, 64, 256), (1, 16, 64, 256), (16, 64)
_QUICK = (64,)


async def run(stage: Stage, options: Options) -> list[Sample]:
    async with cast(stage) as players:
        say("Starting the shop")
        shop = await players.enter(contender.shop(stage, services=_PRODUCT))
        await goods.fill(shop)
        etags = await goods.read(shop)
        floor = await players.enter(contender.floor(stage, await bodies(stage, shop)))
        floor.products = shop.products
        others = await players.rivals(options, _PRODUCT)
        variants = await _variants(stage, players, [shop, *others])
        loads = [
            *_by_id([floor, shop, *variants, *others], options),
            *_not_modified([floor, shop], etags, options),
            *_lists([floor, shop, *others], options),
        ]
        return await measure(stage, loads, options.rounds, options.seconds)


async def _variants(stage: Stage, players: Cast, there: Sequence[Contender]) -> list[Contender]:
    """Start those that read what others have put in, with other settings."""
    names = {each.name: each for each in there}
    own = partial(contender.shop, stage, database="shop", services=_PRODUCT, announced=False)
    started = [
        await players.enter(own(QUIET, settings=QUIET_SETTINGS)),
        await players.enter(own(UNCACHED, settings={"SHOP_REDIS_URL": ""})),
    ]
    for variant in started:
        variant.products = names["shop"].products
    if "Moleculer" in names:
        starting = contender.moleculer(stage, _PRODUCT, name=MOLECULER_UNCACHED, cached=False)
        started.append(await players.enter(starting))
        started[-1].products = names["Moleculer"].products
    return started


def _by_id(who: Sequence[Contender], options: Options) -> Iterator[Load]:
    for each in who:
        paths = [f"/api/v1/products/{product_id}" for product_id in each.products]
        yield _load(GET, each, paths, _QUICK if options.quick else _BY_ID)


def _not_modified(
    who: Sequence[Contender], etags: Sequence[str], options: Options
) -> Iterator[Load]:
    for each in who:
        paths = [f"/api/v1/products/{product_id}" for product_id in each.products]
        at = _QUICK if options.quick else _OTHERWISE
        yield _load(NOT_MODIFIED, each, paths, at, etags)


def _lists(who: Sequence[Contender], options: Options) -> Iterator[Load]:
    for row, query in ((LIST, "limit=20"), (SEARCH, f"limit=20&q={goods.COMMON}")):
        for each in who:
            at = _OTHERWISE if each.name in ("floor", "shop") else _RIVALS
            if options.quick:
                at = _QUICK
            yield _load(row, each, [f"/api/v1/products?{query}"], at)


def _load(
    row: str,
    who: Contender,
    paths: Sequence[str],
    at: Sequence[int],
    etags: Sequence[str] = (),
) -> Load:
    script = gets(who.addresses("product"), paths, etags)
    return Load(row, who, "product", lambda: script, at)

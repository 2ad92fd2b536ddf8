"""Who takes part: starts the contenders, says who cannot, fills them, and stops them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
from bench.speed import contender, goods
from bench.speed.contender import Contender, NotHere
from bench.speed.options import Options
from bench.speed.stage import Stage

_START: dict[str, Callable[[Stage, Sequence[str]], Awaitable[Contender]]] = {
    "plain aiohttp": contender.plain,
    "FastAPI": contender.fastapi,
    "Moleculer": contender.moleculer,
}


class Cast:
    """The contenders that were started; all of them are stopped in the end."""

    def __init__(self, stage: Stage, ending: AsyncExitStack) -> None:
        self._stage = stage
        self._ending = ending

    async def enter(self, starting: Awaitable[Contender]) -> Contender:
        """Start one, to be stopped in the end; raise NotHere."""
        started = await starting
        self._ending.push_async_callback(started.stop)
        return started

    async def rivals(self, options: Options, services: Sequence[str]) -> list[Contender]:
        """Start and fill the rivals that can run here; say why the others cannot."""
        started = []
        for name, start in _START.items():
            if not options.wants(name):
                continue
            say(f"Starting {name}")
            try:
                rival = await self.enter(start(self._stage, services))
            except NotHere as reason:
                say(f"Without {name}: {reason}")
                continue
            await goods.fill(rival)
            await goods.read(rival)
            started.append(rival)
        return started


@asynccontextmanager
async def cast(stage: Stage) -> AsyncIterator[Cast]:
    async with AsyncExitStack() as ending:
        yield Cast(stage, ending)


async def bodies(stage: Stage, shop: Contender) -> Path:
    """Keep what our own answers, as files for the floor to answer with; return their folder."""
    folder = stage.folder / "bodies"
    folder.mkdir(exist_ok=True)
    product = f"{shop.base('product')}/api/v1/products"
    asked = {
        "product": f"{product}/{shop.products[0]}",
        "list": f"{product}?limit=20",
        "search": f"{product}?limit=20&q={goods.COMMON}",
    }
    async with aiohttp.ClientSession(raise_for_status=True) as session:
        for name, url in asked.items():
            async with session.get(url) as response:
                (folder / name).write_bytes(await response.read())
        for name, service, body in _posts(shop):
            async with session.post(f"{shop.base(service)}/api/v1/{name}", json=body) as response:
                (folder / name).write_bytes(await response.read())
    return folder


def _posts(shop: Contender) -> list[tuple[str, str, object]]:
    if "order" not in shop.urls:
        return []
    line = {"productId": shop.products[0], "quantity": 1}
    order = {"customerId": shop.customers[0], "lines": [line]}
    customer = goods.customer(0, "floor")
    return [("customers", "customer", customer), ("orders", "order", order)]


def say(text: str) -> None:
    print(text, flush=True)

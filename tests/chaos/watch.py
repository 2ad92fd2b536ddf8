"""Looks at the shop while the faults go on: is any stock negative, how much is pending."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import aiohttp
from tests.asking import Api
from tests.chaos.checker import Violation

_EVERY_S = 0.5


@dataclass
class Watch:
    """``pending``: (time, orders pending then, 100 at most); ``looks``: stocks seen."""

    products: Sequence[str]
    pending: list[tuple[float, int]] = field(default_factory=list)
    negative: list[Violation] = field(default_factory=list)
    looks: int = 0

    async def run(self, urls: Mapping[str, Sequence[str]]) -> None:
        """Look until cancelled."""
        products, orders = cycle(urls["product"]), cycle(urls["order"])
        which = ",".join(self.products)
        while True:
            at = time.time()
            async with asyncio.TaskGroup() as group:
                stock = group.create_task(_get(next(products), f"/products?limit=100&ids={which}"))
                path = "/orders?limit=100&status=pending"
                pending = group.create_task(_get(next(orders), path))
            self._see_stock(stock.result())
            if pending.result() is not None:
                self.pending.append((at, len(pending.result()["items"])))
            await asyncio.sleep(_EVERY_S)

    def _see_stock(self, page: Any) -> None:
        for product in page["items"] if page else ():
            stock = product["stock"]
            self.looks += 1
            wrong = stock["available"] != stock["onHand"] - stock["reserved"]
            if wrong or min(stock.values()) < 0:
                self.negative.append(Violation("stock negative", f"{product['id']} had {stock}"))


async def _get(url: str, path: str) -> Any:
    try:
        async with asyncio.timeout(3), Api(f"{url}/api/v1") as api:
            answer = await api.get(path)
    except (aiohttp.ClientError, TimeoutError, OSError):
        return None
    return answer.body if answer.status == 200 else None

"""Those who read: resources and lists; and live feeds, which are held, dropped or read slowly."""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping, Sequence

import aiohttp
import orjson
from tests.chaos.checker import Violation
from tests.chaos.load import Goods
from tests.following import Follower

_REFUSED = (410, 422, 503, 504)
Urls = Mapping[str, Sequence[str]]


class Readers:
    """``answers``: how many there were, by service and status."""

    def __init__(self, urls: Urls, goods: Goods, rng: random.Random) -> None:
        self._urls, self._goods, self._rng = urls, goods, rng
        self.answers: Counter[str] = Counter()

    async def run(self, per_s: float) -> None:
        """Read about so often, until cancelled."""
        timeout = aiohttp.ClientTimeout(total=5)
        async with aiohttp.ClientSession(timeout=timeout) as session, asyncio.TaskGroup() as group:
            gate = asyncio.Semaphore(64)
            while True:
                await asyncio.sleep(self._rng.expovariate(per_s))
                if not gate.locked():
                    group.create_task(self._read(session, gate))

    async def _read(self, session: aiohttp.ClientSession, gate: asyncio.Semaphore) -> None:
        product, customer = (
            self._rng.choice(self._goods.plain),
            self._rng.choice(self._goods.customers),
        )
        service, path = self._rng.choice(
            (
                ("product", f"/products/{product}"),
                ("product", f"/products/{product}"),
                ("product", "/products?q=product&limit=5"),
                ("product", "/products?limit=20"),
                ("customer", f"/customers/{customer}"),
                ("customer", f"/customerOrders/{customer}?limit=10"),
                ("order", f"/orders?customerId={customer}&limit=10"),
            )
        )
        url = f"{self._rng.choice(self._urls[service])}/api/v1{path}"
        async with gate:
            try:
                async with session.get(url) as response:
                    await response.read()
                    self.answers[f"{service} {response.status}"] += 1
            except (aiohttp.ClientError, TimeoutError, OSError):
                self.answers[f"{service} lost"] += 1


class Listeners:
    """``told``: events by what came of them; ``violations``: what a feed must never do."""

    def __init__(self, urls: Urls, rng: random.Random) -> None:
        self._urls, self._rng = urls, rng
        self.told: Counter[str] = Counter()
        self.violations: list[Violation] = []

    async def run(self) -> None:
        """Follow, until cancelled: two that stay, four that come and go, two that are slow."""
        async with asyncio.TaskGroup() as group:
            for service in ("customer", "order"):
                group.create_task(self._follow(service, "stays"))
                group.create_task(self._follow(service, "goes"))
                group.create_task(self._follow(service, "goes"))
                group.create_task(self._follow(service, "slow"))

    async def _follow(self, service: str, manner: str) -> None:
        last_id, seen = "", set[str]()
        while True:
            url = f"{self._rng.choice(self._urls[service])}/api/v1/{service}s/feed"
            follower = Follower(url, last_id)
            stays_s = self._rng.uniform(1, 20) if manner == "goes" else None
            try:
                async with asyncio.timeout(stays_s), follower:
                    if follower.response.status in _REFUSED:
                        self.told[f"{service} feed {follower.response.status}"] += 1
                        last_id = "" if follower.response.status == 410 else last_id
                    else:
                        await self._listen(service, manner, follower, seen)
            except (aiohttp.ClientError, TimeoutError, OSError, orjson.JSONDecodeError):
                self.told[f"{service} feed left"] += 1
            last_id = follower.last_id or last_id
            await asyncio.sleep(self._rng.uniform(0.2, 1))

    async def _listen(self, service: str, manner: str, follower: Follower, seen: set[str]) -> None:
        while event := await follower.next():
            self.told[f"{service} {event.kind}"] += 1
            if event.id in seen:
                self.violations.append(Violation("event doubled", f"{service}: {event.id}"))
            seen.add(event.id)
            if manner == "slow":
                await asyncio.sleep(self._rng.uniform(0, 1))

"""All that a running shop leaves behind, as bytes: in its stores, logs, metrics, traces, Consul."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from pathlib import Path
from typing import Any, Self

import aiohttp
from bson.raw_bson import RawBSONDocument
from pymongo import AsyncMongoClient
from redis.asyncio import Redis

PLACES = frozenset({"mongo", "redis", "logs", "metrics", "traces", "consul"})
_SERVERS_OWN = {"admin", "config", "local"}
_CATALOGUE = (
    "/v1/catalog/services",
    "/v1/catalog/nodes",
    "/v1/agent/services",
    "/v1/agent/checks",
    "/v1/health/state/any",
    "/v1/kv/?recurse",
    *(f"/v1/health/service/{name}" for name in ("customer", "product", "order")),
)


class Remains:
    """Of one shop. Texts are looked for without regard to case.

    ``traces``: what the collector was sent.
    """

    def __init__(self, shop: Any, traces: list[bytes]) -> None:
        members = [each for each in shop.status() if each.get("url")]
        self._urls = [(each["service"], each["url"]) for each in members]
        self._home: Path = shop.home
        self._traces = traces

    async def __aenter__(self) -> Self:
        urls = dict(self._urls)
        self._mongo = AsyncMongoClient[Any](urls["mongo"], document_class=RawBSONDocument)
        self._redis = Redis.from_url(urls["redis"])
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._mongo.close()
        await self._redis.aclose()
        await self._session.close()

    async def found(
        self, marks: Mapping[str, str], places: Collection[str] = PLACES
    ) -> list[tuple[str, str]]:
        """Return which texts were found, each with the place."""
        return sorted(
            {
                (name, where)
                async for where, content in self._all(places)
                for name, text in marks.items()
                if text.lower().encode() in content.lower()
            }
        )

    async def gone(
        self, marks: Mapping[str, str], places: Collection[str], within_s: float
    ) -> None:
        """Return when none of these texts is found; fail when time is up."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + within_s
        while left := await self.found(marks, places):
            assert clock() < deadline, f"still there after {within_s} s: {left}"
            await asyncio.sleep(0.2)

    async def _all(self, places: Collection[str]) -> AsyncIterator[tuple[str, bytes]]:
        for place in sorted(places):
            async for where, content in getattr(self, f"_{place}_content")():
                yield where, content

    async def _mongo_content(self) -> AsyncIterator[tuple[str, bytes]]:
        for name in set(await self._mongo.list_database_names()) - _SERVERS_OWN:
            for collection in await self._mongo[name].list_collection_names():
                async for document in self._mongo[name][collection].find():
                    yield f"{name}.{collection}", document.raw

    async def _redis_content(self) -> AsyncIterator[tuple[str, bytes]]:
        async for key in self._redis.scan_iter():
            yield "a key in redis", key
            yield f"redis {key.decode()}", await self._redis.get(key) or b""

    async def _logs_content(self) -> AsyncIterator[tuple[str, bytes]]:
        files = [*self._home.rglob("*.log")]
        assert files
        for file in files:
            yield file.name, await asyncio.to_thread(file.read_bytes)

    async def _metrics_content(self) -> AsyncIterator[tuple[str, bytes]]:
        for service, url in self._urls:
            if service in ("customer", "product", "order"):
                yield f"metrics of {service}", await self._get(f"{url}/metrics")

    async def _traces_content(self) -> AsyncIterator[tuple[str, bytes]]:
        assert self._traces
        for body in list(self._traces):
            yield "traces", body

    async def _consul_content(self) -> AsyncIterator[tuple[str, bytes]]:
        consul = dict(self._urls)["consul"]
        for path in _CATALOGUE:
            yield f"consul {path}", await self._get(consul + path)

    async def _get(self, url: str) -> bytes:
        async with self._session.get(url) as response:
            return await response.read()

"""What the three have in common."""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import aiohttp
import orjson
from aiohttp import web
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from redis.asyncio import Redis

DATABASE: web.AppKey[AsyncDatabase[dict[str, Any]]] = web.AppKey("database")
REDIS: web.AppKey[Redis] = web.AppKey("redis")
SESSION: web.AppKey[aiohttp.ClientSession] = web.AppKey("session")
CACHED_S = int(os.environ.get("CACHED_S", "60"))


async def connections(app: web.Application) -> AsyncIterator[None]:
    client = AsyncMongoClient(os.environ["MONGO_URI"], tz_aware=True, w="majority", journal=True)
    app[DATABASE] = client[os.environ["MONGO_DATABASE"]]
    app[REDIS] = Redis.from_url(os.environ["REDIS_URL"], max_connections=1000)
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as app[SESSION]:
        yield
    await app[REDIS].aclose()
    await client.close()


def now() -> datetime:
    return datetime.now(UTC)


def answer(body: Any, status: int = 200) -> web.Response:
    return web.Response(body=packed(body), status=status, content_type="application/json")


def packed(body: Any) -> bytes:
    return orjson.dumps(shown(body) if "_id" in body else body)


def shown(document: dict[str, Any]) -> dict[str, Any]:
    return {"id": document["_id"]} | {k: v for k, v in document.items() if k != "_id"}


def problem(status: int, code: str) -> web.Response:
    return answer({"status": status, "code": code}, status)

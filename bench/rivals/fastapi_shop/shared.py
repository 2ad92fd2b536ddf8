"""Models and connections that the three have in common."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp
from fastapi import FastAPI
from pydantic import BaseModel
from pymongo import AsyncMongoClient
from redis.asyncio import Redis

CACHED_S = int(os.environ.get("CACHED_S", "60"))


class Money(BaseModel):
    amount: int
    currency: str


@asynccontextmanager
async def connections(app: FastAPI) -> AsyncIterator[None]:
    client = AsyncMongoClient(os.environ["MONGO_URI"], tz_aware=True, w="majority", journal=True)
    app.state.database = client[os.environ["MONGO_DATABASE"]]
    app.state.redis = Redis.from_url(os.environ["REDIS_URL"], max_connections=1000)
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as app.state.session:
        yield
    await app.state.redis.aclose()
    await client.close()


def now() -> datetime:
    return datetime.now(UTC)

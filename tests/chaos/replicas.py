"""A replica set of three mongods on 127.0.0.1, quick to elect."""

from collections.abc import Sequence
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

_CONNECT = {"serverSelectionTimeoutMS": 1000, "connectTimeoutMS": 1000, "socketTimeoutMS": 2000}


def _client(port: int) -> AsyncMongoClient[dict[str, Any]]:
    return AsyncMongoClient(f"mongodb://127.0.0.1:{port}/?directConnection=true", **_CONNECT)


async def initiate(ports: Sequence[int]) -> None:
    """Make one replica set of the mongods at these ports."""
    members = [{"_id": n, "host": f"127.0.0.1:{port}"} for n, port in enumerate(ports)]
    settings = {"electionTimeoutMillis": 1000, "heartbeatIntervalMillis": 500}
    config = {"_id": "rs0", "members": members, "settings": settings}
    async with _client(ports[0]) as client:
        await client.admin.command("replSetInitiate", config)


async def answers(port: int) -> bool:
    """Say whether a mongod answers at this port."""
    return bool(await _hello(port))


async def is_member(port: int) -> bool:
    """Say whether the mongod takes part: as the primary, or as one that follows."""
    hello = await _hello(port)
    return bool(hello.get("isWritablePrimary") or hello.get("secondary"))


async def primary(ports: Sequence[int]) -> int | None:
    """Return the place of the primary among the ports; None while there is none."""
    for place, port in enumerate(ports):
        if (await _hello(port)).get("isWritablePrimary"):
            return place
    return None


async def _hello(port: int) -> dict[str, Any]:
    try:
        async with _client(port) as client:
            return dict(await client.admin.command("hello"))
    except PyMongoError:
        return {}

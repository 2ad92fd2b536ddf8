"""Two hundred readers that do not read: the others get everything, and memory stays bounded."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pymongo.asynchronous.database import AsyncDatabase
from tests.following import Event, Follower
from tests.integration.common.web.process import ALONE, Service

Database = AsyncDatabase[dict[str, Any]]
SLOW, FAST, EVENTS, AT_ONCE = 200, 4, 12_000, 200
BUFFER_BYTES = 2**20


@pytest.fixture
async def service(mongo_uri: str, database: Database) -> AsyncIterator[Service]:
    variables = {
        **os.environ,
        "SHOP_MONGO_URI": mongo_uri,
        "SHOP_MONGO_DATABASE": database.name,
        "SHOP_FEED_BUFFER_BYTES": str(BUFFER_BYTES),
        "SHOP_DRAIN_TIMEOUT_S": "600",
        **ALONE,
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "shop.customer", "--port", "0"),
        env=variables,
        stderr=asyncio.subprocess.PIPE,
    )
    service = Service(process)
    yield service
    await service.close()


async def test_slow_readers_cost_little_and_the_fast_ones_get_all(
    service: Service, database: Database
) -> None:
    url = await service.listens()
    async with AsyncExitStack() as ending:
        for _ in range(SLOW):
            ending.callback(silent(url).close)
        fast = [
            await ending.enter_async_context(Follower(f"{url}/api/v1/customers/feed"))
            for _ in range(FAST)
        ]
        for follower in fast:
            await follower.began()
        before = rss(service.process.pid)
        seen: list[list[Event]] = [[] for _ in fast]
        async with asyncio.timeout(100), asyncio.TaskGroup() as group:
            for follower, events in zip(fast, seen, strict=True):
                group.create_task(collect(follower, events))
            await write(database, lambda: min(map(len, seen)))
        grown = rss(service.process.pid) - before
    wanted = [f"cus_{n:026}" for n in range(EVENTS)]
    for events in seen:
        assert [event.data["id"] for event in events] == wanted
    told = sum(len(str(event.data)) for event in seen[0])
    assert told > 4 * BUFFER_BYTES  # or nothing had to be dropped
    # The ring, and for each slow one what may wait in its transport and one chunk; not all events.
    assert grown < BUFFER_BYTES + SLOW * 100 * 1024 + 25 * 2**20, f"{grown / 2**20:.0f} MiB"


async def test_a_service_that_is_stopped_does_not_wait_for_those_who_follow(
    service: Service,
) -> None:
    url = await service.listens()
    async with Follower(f"{url}/api/v1/customers/feed") as follower:
        await follower.began()
        service.stop()
        assert await follower.rest() == []
        assert follower.comments == ["stopped; come again with Last-Event-ID"]
        assert await service.ends() == 0  # and not after ten minutes


def silent(url: str) -> socket.socket:
    """Ask for the feed and never read."""
    address = urlsplit(url)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect((address.hostname, address.port))
    client.sendall(b"GET /api/v1/customers/feed HTTP/1.1\r\nHost: a\r\n\r\n")
    return client


async def collect(follower: Follower, events: list[Event]) -> None:
    while len(events) < EVENTS:
        events += await follower.take(1)


async def write(database: Database, read: Callable[[], int]) -> None:
    """Put customers in, no faster than the fast ones read."""
    for first in range(0, EVENTS, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, EVENTS))
        await database["customers"].insert_many([customer(n) for n in numbers])
        while read() < first:
            await asyncio.sleep(0.01)


def customer(number: int) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "_id": f"cus_{number:026}",
        "email": f"a{number}@example.com",
        "emailKey": f"a{number}@example.com",
        "firstName": "Ada" * 30,
        "lastName": "Lovelace" * 12,
        "phone": None,
        "addresses": [],
        "status": "active",
        "createdAt": now,
        "updatedAt": now,
        "version": 1,
    }


def rss(pid: int) -> int:
    """Return the resident memory of a process, in bytes."""
    fields = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    return int(fields["VmRSS"].split()[0]) * 1024

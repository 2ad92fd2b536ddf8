"""A relay learns at once of work that another instance leaves behind."""

import asyncio
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pymongo.asynchronous.collection import AsyncCollection
from structlog.testing import capture_logs
from tests.fakes.order.store_suite import LEASE, NOW, pending
from tests.integration.conftest import Start

from shop.common import mongo
from shop.common.background import running
from shop.common.config import MongoConfig
from shop.common.representation import Representation
from shop.local.mongo import Mongo
from shop.local.ports import free_port
from shop.local.server import Server
from shop.order import changes, life, progress
from shop.order.model import Details, Order, Step
from shop.order.progress import Failure
from shop.order.repository import MongoOrders

Collection = AsyncCollection[dict[str, Any]]
FAILED = [Failure(Step.PLACE, "away")]


class Wakes:
    """Counts how often a relay was woken."""

    def __init__(self) -> None:
        self.count = 0
        self._more = asyncio.Event()

    def __call__(self) -> None:
        self.count += 1
        self._more.set()

    async def reach(self, count: int, within_s: float = 30) -> None:
        async with asyncio.timeout(within_s):
            while self.count < count:
                self._more.clear()
                await self._more.wait()


@asynccontextmanager
async def watched(collection: Collection) -> AsyncIterator[Wakes]:
    """Watch; the first wake is for what was left while nobody did."""
    wakes = Wakes()
    async with running(changes.watch(collection, wakes)):
        await wakes.reach(1)
        yield wakes


async def put_off(orders: MongoOrders, order: Order) -> Order:
    work = replace(progress.postpone(order, FAILED, NOW, LEASE), news=())
    saved = await orders.advance(order, work)
    assert saved is not None
    return saved


async def test_work_that_was_put_off_wakes_the_others(
    orders: MongoOrders, collection: Collection
) -> None:
    async with watched(collection) as wakes:
        for n in range(3):
            order = await orders.add(pending(f"ord_{n}"))
            assert order is not None
            await put_off(orders, order)
            await wakes.reach(2 + n)


async def test_what_an_instance_does_itself_wakes_nobody(
    orders: MongoOrders, collection: Collection
) -> None:
    """It is placed, held, edited, claimed and advanced; only the last order is put off."""
    async with watched(collection) as wakes:
        order = await orders.add(pending())
        assert order is not None
        order = await orders.amend(order, life.edit(order, Details(None, "x"), NOW))
        assert order is not None
        held = await orders.advance(order, progress.hold(order, NOW, LEASE))
        assert held is not None
        claimed = await orders.claim(NOW + 2 * LEASE, LEASE)
        assert claimed is not None
        last = await orders.add(pending("ord_2"))
        assert last is not None
        await put_off(orders, last)
        await wakes.reach(2)
        await orders.remove(claimed)
    assert wakes.count == 2


async def test_after_a_restart_of_the_database_it_watches_again(
    start_mongo: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mongo, "_operation_s", 5.0)
    server = await start_mongo()
    async with mongo.opened(MongoConfig(server.url, "order")) as database:
        orders = MongoOrders(database["orders"], lambda o: Representation(o.version, b""))
        order = await orders.add(pending())
        assert order is not None
        async with watched(database["orders"]) as wakes:
            await server.kill()
            await server.start()
            for _ in range(2):  # found when it looks again, then told by the new stream
                woken = wakes.count
                order = await put_off(orders, order)
                await wakes.reach(woken + 1)


@pytest.fixture
async def standalone(
    program_of: Callable[[Server], Awaitable[Path]], tmp_path: Path
) -> AsyncIterator[str]:
    """Give the address of a mongod that is no replica set."""
    port, program = free_port(), await program_of(Mongo())
    where = ("--port", str(port), "--dbpath", str(tmp_path), "--bind_ip", "127.0.0.1")
    process = await asyncio.create_subprocess_exec(program, *where, stdout=DEVNULL)
    try:
        yield f"mongodb://127.0.0.1:{port}"
    finally:
        process.kill()
        await process.wait()


async def test_without_a_replica_set_it_says_so_once_and_leaves_it_to_polling(
    standalone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mongo, "_operation_s", 5.0)
    async with mongo.opened(MongoConfig(standalone, "order")) as database:
        with capture_logs() as logs:
            await changes.watch(database["orders"], Wakes())
    assert [line["event"] for line in logs] == [
        "no replica set, no change stream: due work is found by polling"
    ]

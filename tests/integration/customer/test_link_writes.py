"""Links that are put at the same time go together, and each caller has an outcome of its own."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from pymongo.monitoring import CommandListener
from tests.fakes.customer.models import NOON, SECOND, order

from shop.common.mongo import Database
from shop.customer.errors import NoSuchLink, OrderUnlinked
from shop.customer.model import OrderLink
from shop.customer.repository import MongoLinks
from shop.customer.schemas import encode_link

CUSTOMER = "cus_1"


class Commands(CommandListener):
    """Counts the commands that are sent."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()

    def started(self, event: Any) -> None:
        if event.command_name in ("insert", "update", "find", "findAndModify"):
            self.sent[event.command_name] += 1

    def succeeded(self, event: Any) -> None:
        pass

    def failed(self, event: Any) -> None:
        pass


@pytest.fixture
def commands() -> Commands:
    return Commands()


@pytest.fixture
async def links(
    mongo_uri: str, database: Database, commands: Commands
) -> AsyncIterator[MongoLinks]:
    async with AsyncMongoClient[dict[str, Any]](
        mongo_uri, tz_aware=True, event_listeners=[commands]
    ) as client:
        yield MongoLinks(client[database.name]["customerOrders"], encode_link)


async def put(links: MongoLinks, order_id: str, version: int, status: str = "paid") -> OrderLink:
    return await links.put(CUSTOMER, order_id, order(version, status), NOON, None)


async def test_links_of_new_orders_are_one_insert(links: MongoLinks, commands: Commands) -> None:
    made = await asyncio.gather(*(put(links, f"ord_{n}", 1, "pending") for n in range(64)))
    assert all(link.is_new for link in made)
    assert commands.sent == {"insert": 1}
    assert [await links.get(CUSTOMER, link.order_id) for link in made] == [
        replace(link, is_new=False) for link in made
    ]


async def test_links_that_change_are_one_update_and_one_look(
    links: MongoLinks, commands: Commands
) -> None:
    for n in range(8):
        await put(links, f"ord_{n}", 1, "pending")
    commands.sent.clear()
    changed = await asyncio.gather(*(put(links, f"ord_{n}", 2) for n in range(8)))
    assert commands.sent == {"update": 1, "find": 1}
    assert [(link.version, link.order_version, link.is_new) for link in changed] == [
        (2, 2, False)
    ] * 8


async def test_those_that_lose_among_those_that_win_are_told_apart(links: MongoLinks) -> None:
    await put(links, "newer", 5)
    await put(links, "unlinked", 5)
    await links.remove(CUSTOMER, "unlinked", NOON, 0, None)
    newer, unlinked, new, again, pending = await asyncio.gather(
        put(links, "newer", 4),
        put(links, "unlinked", 5),
        put(links, "new", 1),
        put(links, "newer", 9),
        put(links, "newer", 1, "pending"),
        return_exceptions=True,
    )
    assert isinstance(newer, OrderLink)
    assert isinstance(again, OrderLink)
    assert isinstance(pending, OrderLink)
    assert isinstance(new, OrderLink)
    assert isinstance(unlinked, OrderUnlinked)
    assert (new.is_new, new.version) == (True, 1)
    assert {newer.order_version, pending.order_version} <= {5, 9}
    assert (again.order_version, again.version) == (9, 2)


async def test_one_order_put_many_times_at_once_is_new_to_one(links: MongoLinks) -> None:
    for status in ("pending", "paid"):
        versions = Random(status).sample(range(1, 100), 30)
        made = await asyncio.gather(*(put(links, status, v, status) for v in versions))
        assert [link.is_new for link in made].count(True) == 1
        assert all(link.order_version >= v for link, v in zip(made, versions, strict=True))
        assert (await links.get(CUSTOMER, status)).order_version == max(versions)


@pytest.mark.parametrize("seed", range(5))
async def test_instances_that_put_and_remove_at_once_agree(database: Database, seed: int) -> None:
    """The highest version stands; where it is an unlinking, nothing older brings the link back."""
    dice = Random(seed)
    instances = [MongoLinks(database["customerOrders"], encode_link) for _ in range(3)]
    told: dict[str, list[tuple[int, bool]]] = {}

    async def one(order_id: str, version: int, unlink: bool) -> None:
        links = dice.choice(instances)
        await asyncio.sleep(dice.random() * 0.02)
        try:
            if unlink:
                await links.remove(CUSTOMER, order_id, NOON + SECOND, version, None)
            else:
                status = dice.choice(["pending", "paid"])
                link = await put(links, order_id, version, status)
                assert link.order_version >= version
        except NoSuchLink:
            assert unlink
        except OrderUnlinked:
            assert not unlink

    acts = []
    for n in range(20):
        order_id = f"ord_{n}"
        versions = dice.sample(range(1, 50), 8)
        told[order_id] = [(version, dice.random() < 0.25) for version in versions]
        acts += [one(order_id, *each) for each in told[order_id]]
    dice.shuffle(acts)
    await asyncio.gather(*acts)
    for order_id, changes in told.items():
        highest, unlinked = max(changes)
        document = await database["customerOrders"].find_one({"_id": f"{CUSTOMER}/{order_id}"})
        assert document is not None
        assert document["orderVersion"] == highest
        assert not (unlinked and document["linked"])

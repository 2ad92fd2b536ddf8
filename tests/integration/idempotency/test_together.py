"""Keys that come at the same time are written together; each request is told about its own."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from shop.common.clock import now
from shop.common.idempotency import MongoKeys
from shop.common.web.once import Answer, Claim, InProgress, KeyReused

LEASE = timedelta(seconds=10)
YES = Answer(201, {"Content-Type": "application/json"}, b"{}")


class Keys(MongoKeys):
    """Keys whose clock can be put forward, and which count their commands."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self.ahead = timedelta()
        super().__init__(database["keys"], LEASE, lambda: now() + self.ahead)


@pytest.fixture
def keys(database: AsyncDatabase[dict[str, Any]]) -> Keys:
    return Keys(database)


async def claimed(keys: Keys, *names: str) -> list[Claim]:
    found = await asyncio.gather(*(keys.claim(name, "f", f"id_{name}") for name in names))
    return [claim for claim in found if isinstance(claim, Claim)]


async def test_new_known_held_and_reused_keys_at_once_are_told_apart(keys: Keys) -> None:
    [answered, _held] = await claimed(keys, "answered", "held")
    assert await keys.remember(answered, YES) == YES
    outcomes = await asyncio.gather(
        keys.claim("new", "f", "id_1"),
        keys.claim("answered", "f", "id_2"),
        keys.claim("held", "f", "id_3"),
        keys.claim("held", "another", "id_4"),
        keys.claim("twin", "f", "id_5"),
        keys.claim("twin", "f", "id_6"),
        return_exceptions=True,
    )
    assert [type(each) for each in outcomes[:4]] == [Claim, Answer, InProgress, KeyReused]
    assert {type(each) for each in outcomes[4:]} == {Claim, InProgress}


async def test_who_lost_its_key_learns_it_among_many_that_did_not(keys: Keys) -> None:
    claims = await claimed(keys, *(f"k{n}" for n in range(20)))
    keys.ahead = LEASE
    later = await claimed(keys, "k3", "k4")
    no = Answer(409, {}, b"late")
    assert await keys.remember(later[0], YES) == YES
    outcomes = await asyncio.gather(
        *(keys.remember(claim, no) for claim in claims), return_exceptions=True
    )
    assert outcomes[3] == YES
    assert isinstance(outcomes[4], InProgress)
    assert [each for n, each in enumerate(outcomes) if n not in (3, 4)] == [no] * 18
    assert await keys.remember(later[1], YES) == YES


async def test_many_keys_cost_one_insert_and_one_update(
    keys: Keys, database: AsyncDatabase[dict[str, Any]]
) -> None:
    await database.command("profile", 2)
    claims = await claimed(keys, *(f"k{n}" for n in range(30)))
    await asyncio.gather(*(keys.remember(claim, YES) for claim in claims))
    await database.command("profile", 0)
    told = await database["system.profile"].find({"ns": f"{database.name}.keys"}).to_list()
    assert [each["ninserted"] for each in told if each["op"] == "insert"] == [30]
    assert not [each for each in told if each["op"] == "query"]

"""Equal reads of one moment: made once, and never older than who asks for them."""

import asyncio
from collections import Counter

import pytest

from shop.common.errors import DeadlineExceeded, NotFound
from shop.common.peer import Deadline, deadline_scope
from shop.common.shared import Shared


class Database:
    """Has one value for all keys, and answers when told to."""

    def __init__(self) -> None:
        self.value = 1
        self.reads: Counter[str] = Counter()
        self.open = asyncio.Event()
        self.open.set()

    async def read(self, key: str) -> tuple[str, int]:
        self.reads[key] += 1
        seen = self.value
        await self.open.wait()
        if key == "none":
            raise NotFound("none")
        if key == "faulty":
            raise ValueError(key)
        return key, seen


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def shared(database: Database) -> Shared[str, tuple[str, int]]:
    return Shared(database.read)


async def begun(database: Database, key: str, count: int) -> None:
    while database.reads[key] < count:
        await asyncio.sleep(0)


async def test_equal_reads_are_one_and_others_are_their_own(database, shared):
    found = await asyncio.gather(*map(shared, ["a", "b", "a", "a"]))
    assert found == [("a", 1), ("b", 1), ("a", 1), ("a", 1)]
    assert database.reads == {"a": 1, "b": 1}


async def test_who_asks_alone_reads_and_nothing_is_kept(database, shared):
    for value in (1, 2, 3):
        database.value = value
        assert await shared("a") == ("a", value)
    assert shared._under_way == {}


async def test_who_comes_while_it_is_read_is_given_what_is_there_afterwards(database, shared):
    database.open.clear()
    first = asyncio.create_task(shared("a"))
    await begun(database, "a", 1)
    database.value = 2
    later = [asyncio.create_task(shared("a")) for _ in range(3)]
    await asyncio.sleep(0)
    database.open.set()
    assert await first == ("a", 1)
    assert await asyncio.gather(*later) == [("a", 2)] * 3
    assert database.reads["a"] == 2


async def test_one_that_hangs_holds_up_no_other(database, shared):
    database.open.clear()
    hanging = asyncio.create_task(shared("a"))
    await begun(database, "a", 1)
    other = asyncio.create_task(shared("b"))
    await begun(database, "b", 1)
    again = asyncio.create_task(shared("a"))
    await begun(database, "a", 2)  # it is not waited for any longer
    database.open.set()
    assert await asyncio.gather(hanging, other, again) == [("a", 1), ("b", 1), ("a", 1)]
    assert shared._under_way == {}


async def test_an_error_is_told_to_all_and_a_fault_to_each(database, shared):
    found = await asyncio.gather(*map(shared, ["none", "none"]), return_exceptions=True)
    assert [type(each) for each in found] == [NotFound, NotFound]
    found = await asyncio.gather(*map(shared, ["faulty", "faulty"]), return_exceptions=True)
    assert [type(each) for each in found] == [ValueError, ValueError]
    assert shared._under_way == {}


async def test_whose_time_is_over_is_told_so(database, shared):
    database.open.clear()
    with deadline_scope(Deadline.after(0.01)), pytest.raises(DeadlineExceeded):
        await shared("a")
    database.open.set()
    assert await shared("a") == ("a", 1)

"""Reads by id that go together: each caller with their own result, error and time."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from shop.common.cache import Loader, LoaderGlance, glance
from shop.common.errors import DeadlineExceeded, NotFound, Unavailable
from shop.common.peer import Deadline, deadline_scope
from shop.common.representation import Representation


class Database:
    """Answers when told to, and remembers what was asked."""

    def __init__(self, *ids: str) -> None:
        self.ids = set(ids)
        self.asked: list[Sequence[str]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.fault: Exception | None = None

    async def find(self, ids: Sequence[str]) -> Mapping[str, str]:
        self.asked.append(ids)
        await self.open.wait()
        if "faulty" in ids:
            raise ValueError("faulty")
        if self.fault:
            raise self.fault
        return {i: i.upper() for i in reversed(ids) if i in self.ids}


def loader(database: Database) -> Loader[str]:
    return Loader(database.find, lambda i: NotFound(f"no {i}"))


async def outcomes(load: Loader[str], *ids: str) -> list[str]:
    found = await asyncio.gather(*(load(i) for i in ids), return_exceptions=True)
    return [str(each) for each in found]


async def test_those_who_ask_in_one_tick_are_one_query_and_each_gets_their_own():
    database = Database("a", "b", "c")
    assert await outcomes(loader(database), "c", "a", "b") == ["C", "A", "B"]
    assert database.asked == [["c", "a", "b"]]


async def test_who_asks_for_the_same_is_given_the_same_by_one_look():
    database = Database("a")
    assert await outcomes(loader(database), "a", "a", "a") == ["A", "A", "A"]
    assert database.asked == [["a"]]


async def test_what_is_absent_is_told_to_those_who_asked_for_it_alone():
    database = Database("a", "c")
    assert await outcomes(loader(database), "a", "b", "c", "b") == ["A", "no b", "C", "no b"]


async def test_who_asks_alone_waits_for_nobody():
    database = Database("a")
    load = loader(database)
    for _ in range(3):
        assert await load("a") == "A"
    assert database.asked == [["a"]] * 3, "and nothing is kept"


async def test_who_asks_while_a_query_is_under_way_is_given_what_is_there_afterwards():
    database = Database("a")
    database.open.clear()
    load = loader(database)
    first = asyncio.ensure_future(load("a"))
    while not database.asked:
        await asyncio.sleep(0)
    later = [asyncio.ensure_future(load(i)) for i in ("b", "a")]
    database.ids.add("b")
    database.open.set()
    assert [await first, *await asyncio.gather(*later)] == ["A", "B", "A"]
    assert database.asked == [["a"], ["b", "a"]]


async def test_a_query_that_hangs_holds_up_only_its_own_callers():
    database = Database("a", "b")
    database.open.clear()
    load = loader(database)
    hangs = asyncio.ensure_future(load("a"))
    while not database.asked:
        await asyncio.sleep(0)
    stuck, database.open = database.open, asyncio.Event()
    database.open.set()
    assert await load("b") == "B"
    assert not hangs.done()
    stuck.set()
    assert await hangs == "A"


async def test_a_database_that_is_away_is_told_to_all():
    database = Database("a", "b")
    database.fault = Unavailable("away")
    assert await outcomes(loader(database), "a", "b") == ["away", "away"]
    assert len(database.asked) == 1


async def test_one_that_cannot_be_read_is_its_own_callers_affair():
    assert await outcomes(loader(Database("a", "b")), "a", "faulty", "b") == ["A", "faulty", "B"]


async def test_who_has_no_time_left_is_told_and_the_others_are_served():
    database = Database("a", "b")
    database.open.clear()
    load = loader(database)
    with deadline_scope(Deadline.after(0.01)):
        hurried = asyncio.ensure_future(load("a"))
    patient = asyncio.ensure_future(load("b"))
    with pytest.raises(DeadlineExceeded):
        await hurried
    database.open.set()
    assert await patient == "B"


async def test_who_goes_away_takes_nobody_with_them():
    database = Database("a", "b")
    database.open.clear()
    load = loader(database)
    gone, stays = asyncio.ensure_future(load("a")), asyncio.ensure_future(load("b"))
    while not database.asked:
        await asyncio.sleep(0)
    gone.cancel()
    database.open.set()
    assert await stays == "B"
    assert gone.cancelled() or (await asyncio.gather(gone, return_exceptions=True))


# --- A glance at what a loader finds -------------------------------------------------------------


class Shelf(Database):
    async def find(self, ids: Sequence[str]) -> Mapping[str, Representation]:
        found = await super().find(ids)
        return {key: Representation(1, value.encode()) for key, value in found.items()}


async def glances(shelf: Shelf, *keys: str) -> list[Representation | None]:
    glance, told = LoaderGlance(loader(shelf)), []
    for key in keys:
        told.append(asyncio.get_running_loop().create_future())
        assert glance.ask(key, told[-1].set_result)
    return await asyncio.gather(*told)


async def test_a_glance_shows_each_their_own_by_one_query():
    shelf = Shelf("a", "b")
    assert await glances(shelf, "b", "a") == [Representation(1, b"B"), Representation(1, b"A")]
    assert shelf.asked == [["b", "a"]]


async def test_a_glance_shows_nothing_of_what_is_absent_or_faulty():
    shelf = Shelf("a")
    assert await glances(shelf, "a", "b") == [Representation(1, b"A"), None]
    assert await glances(shelf, "a", "faulty") == [Representation(1, b"A"), None]


async def test_a_glance_waits_shortly_and_is_told_once(monkeypatch):
    monkeypatch.setattr(glance, "_PATIENCE_S", 0.01)
    shelf = Shelf("a")
    shelf.open.clear()
    assert await glances(shelf, "a", "a") == [None, None]
    shelf.open.set()
    assert await glances(shelf, "a") == [Representation(1, b"A")]

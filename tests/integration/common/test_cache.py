"""The cache in front of the reads by id, against a real Redis (or Valkey)."""

import asyncio
import signal
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from shop.common import cache as caching
from shop.common.cache import absence, read_through
from shop.common.config import RedisConfig
from shop.common.errors import NotFound
from shop.common.representation import Representation
from shop.common.settings import ConfigError

PATIENT_S = 20.0  # on a busy machine Redis must not seem to be away


class Shelf:
    """A database of versions, whose reads may be held up; it counts them."""

    def __init__(self) -> None:
        self.version = 1
        self.loads = 0
        self.held: asyncio.Event | None = None
        self.reading = asyncio.Event()

    async def load(self) -> Representation:
        self.loads += 1
        seen, held = self.version, self.held
        self.reading.set()
        if held:
            await held.wait()
        if seen == 0:
            raise NotFound("gone")
        return Representation(seen, b"%d" % seen)

    def hold(self) -> asyncio.Event:
        """Hold up the loads that begin from now on; return what lets them go."""
        self.held = asyncio.Event()
        self.reading.clear()
        return self.held

    def flow(self) -> None:
        """Hold up no load that begins from now on."""
        self.held = None


@pytest.fixture
async def opened():
    async with AsyncExitStack() as stack:

        async def open_cache(url, namespace, **options):
            config = RedisConfig(url=url, **options)
            return await stack.enter_async_context(caching.opened(config, namespace))

        yield open_cache


@pytest.fixture
async def cache(opened, redis_url, redis_namespace):
    return await opened(redis_url, redis_namespace, timeout_s=PATIENT_S)


@pytest.fixture
async def other(opened, redis_url, redis_namespace):
    """The cache of another instance of the service."""
    return await opened(redis_url, redis_namespace, timeout_s=PATIENT_S)


@pytest.fixture
def shelf():
    return Shelf()


def shown(representation: Representation) -> int:
    assert representation.body == b"%d" % representation.version
    return representation.version


async def glance(cache: caching.RedisReadThrough, key: str) -> Representation | None:
    """Return what a glance shows."""
    shown: asyncio.Future[Representation | None] = asyncio.get_running_loop().create_future()
    if not cache.glance.ask(key, shown.set_result):
        return None
    return await shown


async def until(condition) -> None:
    """Return once the condition holds; the test's time limit is the only one."""
    while not await condition():
        await asyncio.sleep(0.02)


async def ask_at_once(cache: caching.RedisReadThrough, shelf: Shelf, count: int):
    """Start so many reads; return them when Redis has answered all, and they wait for the load."""
    answered = 0
    get = cache._store.get

    async def counted(key):
        nonlocal answered
        found = await get(key)
        answered += 1
        return found

    cache._store.get = counted
    readers = [asyncio.create_task(cache.read("k", shelf.load)) for _ in range(count)]

    async def all_answered():
        return answered == count

    await until(all_answered)
    cache._store.get = get
    return readers


async def write(shelf: Shelf, cache: caching.Cache, version: int) -> None:
    shelf.version = version
    await cache.written("k")


# --- Read-through --------------------------------------------------------------------------------


async def test_what_was_read_once_is_not_loaded_again_by_any_instance(cache, other, shelf):
    for reader in (cache, cache, other):
        assert shown(await reader.read("k", shelf.load)) == 1
    assert shelf.loads == 1


async def test_bytes_come_back_as_they_were(cache):
    body = bytes(range(256)) + b"\n7\n" + "é".encode()

    async def load():
        return Representation(12, body)

    await cache.read("k", load)
    assert await cache.read("k", pytest.fail) == Representation(12, body)


async def test_keys_do_not_meet(cache):
    async def load(version):
        return Representation(version, b"%d" % version)

    for key, version in (("a", 1), ("a/b", 2), ("b", 3)):
        await cache.read(key, lambda version=version: load(version))
    assert [shown(await cache.read(key, pytest.fail)) for key in ("a", "a/b", "b")] == [1, 2, 3]


async def test_a_value_expires(opened, redis_url, redis_namespace, shelf):
    cache = await opened(redis_url, redis_namespace, ttl_s=0.05)
    await cache.read("k", shelf.load)
    shelf.version = 2  # not told to the cache

    async def is_new():
        return shown(await cache.read("k", shelf.load)) == 2

    await until(is_new)


async def test_fifty_who_ask_at_once_are_one_load(cache, shelf):
    go = shelf.hold()
    readers = await ask_at_once(cache, shelf, 50)
    go.set()
    assert {shown(found) for found in await asyncio.gather(*readers)} == {1}
    assert shelf.loads == 1


async def test_an_error_of_the_load_reaches_all_who_wait_and_is_not_kept(cache, shelf):
    shelf.version = 0
    go = shelf.hold()
    readers = await ask_at_once(cache, shelf, 10)
    go.set()
    outcomes = await asyncio.gather(*readers, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [NotFound] * 10
    shelf.version = 1
    shelf.flow()
    assert shown(await cache.read("k", shelf.load)) == 1


async def test_a_reader_who_gives_up_leaves_the_others_their_load(cache, shelf):
    go = shelf.hold()
    readers = await ask_at_once(cache, shelf, 3)
    readers[0].cancel()
    await asyncio.gather(readers[0], return_exceptions=True)
    go.set()
    assert [shown(await reader) for reader in readers[1:]] == [1, 1]
    assert readers[0].cancelled()
    assert shelf.loads == 1


async def test_a_load_goes_on_when_all_readers_gave_up_and_its_error_is_nobodys(cache, shelf):
    shelf.version = 0
    go = shelf.hold()
    reader = asyncio.create_task(cache.read("k", shelf.load))
    await shelf.reading.wait()
    reader.cancel()
    await asyncio.gather(reader, return_exceptions=True)
    go.set()
    shelf.version = 1
    shelf.flow()

    async def is_there():
        try:
            return shown(await cache.read("k", shelf.load)) == 1
        except NotFound:
            return False

    await until(is_there)


async def test_readers_who_give_up_in_the_middle_never_mix_up_the_answers_of_redis(cache):
    async def load(version):
        return Representation(version, b"%d" % version)

    async def read(version):
        return shown(await cache.read(f"k{version}", lambda: load(version)))

    for round_ in range(40):
        tasks = [asyncio.create_task(read(version)) for version in range(1, 65)]
        for _ in range(round_ % 8):
            await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        for version, outcome in enumerate(outcomes, 1):
            assert outcome == version or isinstance(outcome, asyncio.CancelledError)


# --- Never older than a completed write ----------------------------------------------------------


async def test_a_write_is_seen_by_the_next_read_of_any_instance(cache, other, shelf):
    for version in range(2, 10):
        await cache.read("k", shelf.load)
        await other.read("k", shelf.load)
        await write(shelf, (cache, other)[version % 2], version)
        assert shown(await cache.read("k", shelf.load)) == version
        assert shown(await other.read("k", shelf.load)) == version


@pytest.mark.parametrize("writer_is_the_reader", [True, False])
async def test_a_slow_load_cannot_put_back_what_it_read_before_a_write(
    cache, other, shelf, writer_is_the_reader
):
    go = shelf.hold()
    slow = asyncio.create_task(cache.read("k", shelf.load))
    await shelf.reading.wait()
    shelf.flow()
    await write(shelf, cache if writer_is_the_reader else other, 2)
    go.set()
    assert shown(await slow) == 1, "it began before the write"
    for reader in (cache, other):
        assert shown(await reader.read("k", shelf.load)) == 2


async def test_nor_when_the_new_version_was_read_in_between(cache, other, shelf):
    go = shelf.hold()
    slow = asyncio.create_task(cache.read("k", shelf.load))
    await shelf.reading.wait()
    shelf.flow()
    await write(shelf, other, 2)
    assert shown(await other.read("k", shelf.load)) == 2
    go.set()
    await slow
    loads = shelf.loads
    for reader in (cache, other):
        assert shown(await reader.read("k", shelf.load)) == 2
    assert shelf.loads == loads, "the new version stayed in the cache"


@pytest.mark.parametrize("writer_is_the_reader", [True, False])
async def test_who_comes_after_a_write_never_joins_a_load_that_began_before(
    cache, other, shelf, writer_is_the_reader
):
    go = shelf.hold()
    early = asyncio.create_task(cache.read("k", shelf.load))
    await shelf.reading.wait()
    shelf.flow()
    await write(shelf, cache if writer_is_the_reader else other, 2)
    assert shown(await cache.read("k", shelf.load)) == 2, "while the early load still goes on"
    go.set()
    assert shown(await early) == 1


async def test_readers_after_a_write_share_a_load_too(cache, other, shelf):
    await write(shelf, other, 2)
    go = shelf.hold()
    readers = await ask_at_once(cache, shelf, 20)
    go.set()
    assert {shown(found) for found in await asyncio.gather(*readers)} == {2}
    assert shelf.loads == 1


async def test_what_was_deleted_is_gone_at_once_and_a_slow_load_does_not_bring_it_back(
    cache, other, shelf
):
    go = shelf.hold()
    slow = asyncio.create_task(cache.read("k", shelf.load))
    await shelf.reading.wait()
    shelf.flow()
    await write(shelf, other, 0)
    go.set()
    await slow
    for reader in (cache, other):
        with pytest.raises(NotFound):
            await reader.read("k", shelf.load)


async def test_what_was_deleted_and_made_anew_is_shown_and_kept(cache, other, shelf):
    await write(shelf, cache, 0)
    await write(shelf, cache, 1)
    assert shown(await other.read("k", shelf.load)) == 1
    loads = shelf.loads
    assert shown(await cache.read("k", shelf.load)) == 1
    assert shelf.loads == loads


async def test_a_load_that_took_longer_than_a_value_lives_is_not_kept(
    opened, redis_url, redis_namespace, shelf
):
    """The value that a newer load put over the mark may have expired: nothing else would guard."""
    cache = await opened(redis_url, redis_namespace, ttl_s=0.5)
    other = await opened(redis_url, redis_namespace, ttl_s=60.0)
    go = shelf.hold()
    slow = asyncio.create_task(cache.read("k", shelf.load))
    await shelf.reading.wait()
    shelf.flow()
    await cache.written("k")
    shelf.version = 2
    await cache.written("k")
    await cache.read("k", shelf.load)
    async with Redis.from_url(redis_url) as redis:

        async def expired():
            return not await redis.exists(cache._store.build_key("k"))

        await until(expired)
    go.set()
    assert shown(await slow) == 1
    assert shown(await other.read("k", shelf.load)) == 2


async def test_under_a_storm_no_read_is_older_than_the_last_completed_write(cache, other):
    shelf, done = Shelf(), asyncio.Event()
    completed = 1

    async def load():
        seen = shelf.version
        await asyncio.sleep(0.001 * (seen % 4))
        return Representation(seen, b"%d" % seen)

    async def reader(mine):
        reads = 0
        while not done.is_set():
            least = completed
            assert shown(await mine.read("k", load)) >= least
            reads += 1
        return reads

    readers = [asyncio.create_task(reader(each)) for each in (cache, other) for _ in range(8)]
    for version in range(2, 200):
        await write(shelf, (cache, other)[version % 2], version)
        completed = version
        await asyncio.sleep(0.001 * (version % 3))
    done.set()
    assert min(await asyncio.gather(*readers)) > 0


# --- Fails open ----------------------------------------------------------------------------------


def said(logs) -> list[str]:
    return [line["event"] for line in logs]


AWAY, BACK = "cache is away, reads go to the database", "cache is back"


async def is_back(logs) -> None:
    async def back():
        return said(logs)[-1:] == [BACK]

    await until(back)


async def test_with_redis_killed_every_read_works_and_one_line_says_so(opened, start_redis, shelf):
    redis = await start_redis()
    cache = await opened(redis.url, "n")
    await cache.read("k", shelf.load)
    await redis.kill()
    with capture_logs() as logs:
        for _ in range(5):
            found = await asyncio.gather(*(cache.read("k", shelf.load) for _ in range(20)))
            assert {shown(each) for each in found} == {1}
        await write(shelf, cache, 2)
        assert shown(await cache.read("k", shelf.load)) == 2
        assert said(logs) == [AWAY]
        await redis.start()
        await is_back(logs)
        assert said(logs) == [AWAY, BACK]
    loads = shelf.loads
    for _ in range(3):
        assert shown(await cache.read("k", shelf.load)) == 2
    assert shelf.loads == loads + 1, "it caches again"


async def test_a_redis_that_hangs_costs_one_bounded_wait_and_the_marks_owed_are_paid(
    opened, start_redis, shelf
):
    """It keeps its memory: the value from before the write is still there when it goes on."""
    redis = await start_redis()
    writer, other = await opened(redis.url, "n"), await opened(redis.url, "n")
    await writer.read("k", shelf.load)
    redis.signal(signal.SIGSTOP)
    try:
        with capture_logs() as logs:
            await write(shelf, writer, 2)
            await writer.written("unread")
            assert shown(await writer.read("k", shelf.load)) == 2
            assert said(logs) == [AWAY]
            redis.signal(signal.SIGCONT)
            await is_back(logs)
    finally:
        redis.signal(signal.SIGCONT)
    assert shown(await writer.read("k", shelf.load)) == 2
    assert shown(await other.read("k", shelf.load)) == 2


async def test_a_redis_that_is_away_from_the_start_is_found_later(opened, start_redis, shelf):
    redis = await start_redis()
    await redis.kill()
    with capture_logs() as logs:
        cache = await opened(redis.url, "n")
        assert shown(await cache.read("k", shelf.load)) == 1
        await redis.start()
        await is_back(logs)
    await cache.read("k", shelf.load)
    loads = shelf.loads
    await cache.read("k", shelf.load)
    assert shelf.loads == loads


async def scripts_run(admin: Redis) -> int:
    stats = await admin.info("commandstats")
    return sum(stats.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("eval", "evalsha"))


async def test_a_redis_that_takes_no_writes_is_away_until_it_does(opened, start_redis, shelf):
    redis = await start_redis()
    async with Redis.from_url(redis.url) as admin:
        await admin.config_set("maxmemory-policy", "noeviction")
        await admin.config_set("maxmemory", "1")
        cache = await opened(redis.url, "n")
        with capture_logs() as logs:
            await cache.read("k", shelf.load)
            for _ in range(3):  # three more probes at least
                probes = await scripts_run(admin)

                async def probed(probes=probes):
                    return await scripts_run(admin) > probes

                await until(probed)
                assert shown(await cache.read("k", shelf.load)) == 1
            assert said(logs) == [AWAY]
            await admin.config_set("maxmemory", "0")
            await is_back(logs)


@asynccontextmanager
async def silent_listener():
    """A server that accepts, reads, and never answers."""
    accepted, connections = 0, []

    async def serve(reader, writer):
        nonlocal accepted
        accepted += 1
        connections.append(writer)
        while await reader.read(1000):
            pass
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield f"redis://127.0.0.1:{port}", lambda: accepted
    server.close()
    for writer in connections:
        writer.close()


async def test_a_redis_that_never_answers_is_waited_for_once_and_then_passed_by(opened, shelf):
    async with silent_listener() as (url, accepted):
        with capture_logs() as logs:
            cache = await opened(url, "n", timeout_s=0.1)
            assert shown(await cache.read("k", shelf.load)) == 1
            assert accepted() == 1
            for _ in range(100):
                assert shown(await cache.read("k", shelf.load)) == 1
                await cache.written("k")
            assert said(logs) == [AWAY]
            assert accepted() <= 2, "none but the probe asked again"


async def test_marks_owed_for_longer_than_they_matter_are_forgiven(opened, shelf, monkeypatch):
    monkeypatch.setattr(read_through, "_MARK_TTL_S", 0.2)
    monkeypatch.setattr(absence, "_PROBE_S", 0.02)
    cache = await opened("redis://127.0.0.1:9", "n", ttl_s=0.1)
    with capture_logs():
        for number in range(1000):
            await cache.written(f"k{number}")
        assert len(cache._absence.owed) == 1000

        async def forgiven():
            return not cache._absence.owed

        await until(forgiven)


async def test_a_mark_that_is_owed_again_is_owed_from_then_on(opened):
    cache = await opened("redis://127.0.0.1:9", "n")
    with capture_logs():
        for key in ("a", "b", "a"):
            await cache.written(key)
    assert list(cache._absence.owed) == ["b", "a"]
    assert list(cache._absence.owed.values()) == sorted(cache._absence.owed.values())


async def test_a_write_while_the_owed_marks_are_paid_is_paid_too(opened, start_redis, shelf):
    redis = await start_redis()
    cache = await opened(redis.url, "n")
    await cache.read("k", shelf.load)
    redis.signal(signal.SIGSTOP)
    stop = asyncio.Event()

    async def keep_writing():
        version = 1
        while not stop.is_set():
            version += 1
            await write(shelf, cache, version)
            assert shown(await cache.read("k", shelf.load)) == version
            await asyncio.sleep(0.005)

    with capture_logs() as logs:
        try:
            for number in range(500):
                await cache.written(f"k{number}")
            writing = asyncio.create_task(keep_writing())
        finally:
            redis.signal(signal.SIGCONT)
        await is_back(logs)
        stop.set()
        await writing
    assert cache._absence.owed == {}
    assert shown(await cache.read("k", shelf.load)) == shelf.version


async def test_without_an_address_every_read_is_a_load(opened, shelf):
    cache = await opened("", "n")
    for version in (1, 2):
        await write(shelf, cache, version)
        assert shown(await cache.read("k", shelf.load)) == version
    assert shelf.loads == 2


async def test_closing_ends_what_still_goes_on(redis_url, redis_namespace, shelf):
    shelf.hold()
    async with caching.opened(RedisConfig(url=redis_url), redis_namespace) as cache:
        reader = asyncio.create_task(cache.read("k", shelf.load))
        await shelf.reading.wait()
    with pytest.raises(asyncio.CancelledError):
        await reader


@pytest.mark.parametrize("url", ["redis://:hunter2@a:port", "redis://[::1", "redis://a:99999999"])
async def test_an_address_that_cannot_be_understood_is_named_and_not_shown(opened, url):
    with pytest.raises(ConfigError, match="SHOP_REDIS_URL") as caught:
        await opened(url, "n")
    assert "hunter2" not in str(caught.value)


# --- What is not there ---------------------------------------------------------------------------


def gone() -> NotFound:
    return NotFound("gone")


async def look(cache, shelf) -> int:
    """Return the version that is shown, 0 where there is none."""
    try:
        return shown(await cache.read("k", shelf.load, gone))
    except NotFound:
        return 0


async def test_that_nothing_is_there_is_looked_up_once_by_all_instances(cache, other, shelf):
    shelf.version = 0
    for reader in (cache, cache, other):
        with pytest.raises(NotFound, match="gone"):
            await reader.read("k", shelf.load, gone)
    assert shelf.loads == 1


async def test_absence_is_kept_only_for_who_says_how_to_tell_it(cache, shelf):
    shelf.version = 0
    for _ in range(2):
        with pytest.raises(NotFound):
            await cache.read("k", shelf.load)
    assert shelf.loads == 2


async def test_absence_is_kept_shortly(opened, redis_url, redis_namespace, shelf, monkeypatch):
    monkeypatch.setattr(read_through, "_ABSENT_TTL_S", 0.05)
    cache = await opened(redis_url, redis_namespace, timeout_s=PATIENT_S)
    shelf.version = 0
    await look(cache, shelf)
    shelf.version = 1  # not told to the cache

    async def is_seen():
        return await look(cache, shelf) == 1

    await until(is_seen)


async def test_what_was_absent_is_seen_by_all_instances_as_soon_as_it_is_made(cache, other, shelf):
    for version in range(1, 6):
        await write(shelf, (cache, other)[version % 2], 0)
        assert [await look(each, shelf) for each in (cache, other)] == [0, 0]
        await write(shelf, (other, cache)[version % 2], version)
        assert [await look(each, shelf) for each in (cache, other)] == [version, version]


@pytest.mark.parametrize("writer_is_the_reader", [True, False])
async def test_a_slow_look_that_found_nothing_does_not_hide_what_was_made_meanwhile(
    cache, other, shelf, writer_is_the_reader
):
    shelf.version = 0
    go = shelf.hold()
    slow = asyncio.create_task(look(cache, shelf))
    await shelf.reading.wait()
    shelf.flow()
    await write(shelf, cache if writer_is_the_reader else other, 1)
    go.set()
    assert await slow == 0, "it began before"
    assert [await look(each, shelf) for each in (cache, other)] == [1, 1]


# --- A slow Redis --------------------------------------------------------------------------------


@asynccontextmanager
async def slow_front(redis_port):
    """A way to Redis that hands on what is asked, and its answers only while it is open."""
    asked, opened_, writers = [], asyncio.Event(), []
    opened_.set()

    async def serve(reader, writer):
        redis_reader, redis_writer = await asyncio.open_connection("127.0.0.1", redis_port)
        writers.extend([writer, redis_writer])

        async def back():
            while answer := await redis_reader.read(65536):
                await opened_.wait()
                writer.write(answer)

        answers = asyncio.create_task(back())
        while some := await reader.read(65536):
            asked.append(some)
            redis_writer.write(some)
        answers.cancel()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked, opened_
    server.close()
    for writer in writers:
        writer.close()


async def test_two_hundred_who_wait_for_a_slow_redis_wait_once_together(opened, start_redis):
    """One after the other they would wait 200 times as long; its late answers reach nobody."""
    redis = await start_redis()
    loads = []

    async def load(number):
        loads.append(number)
        return Representation(number, b"%d" % number)

    async with slow_front(redis.port) as (url, asked, open_):
        cache = await opened(url, "n", timeout_s=1.0)

        async def read_all():
            found = await asyncio.gather(
                *(cache.read(f"k{n}", lambda n=n: load(n)) for n in range(1, 201))
            )
            assert [shown(each) for each in found] == list(range(1, 201))

        await read_all()
        loads.clear()
        await read_all()
        assert not loads, "all from Redis"
        open_.clear()
        asked.clear()
        with capture_logs() as logs:
            await read_all()
            assert said(logs) == [AWAY]
            assert sorted(loads) == list(range(1, 201))
            assert b"".join(asked).count(b"GET") == 200, "each asked once, on the one connection"
            assert len(asked) <= 2, "in one write"
            asked.clear()
            await read_all()
            assert b"GET" not in b"".join(asked), "from then on it is passed by"
            open_.set()
            await is_back(logs)
        loads.clear()
        await read_all()
        assert not loads, "and none got an answer that was another's"


# --- A glance ------------------------------------------------------------------------------------


async def test_a_glance_shows_what_a_read_has_stored_and_loads_nothing(cache, other, shelf):
    assert await glance(cache, "k") is None
    assert shelf.loads == 0
    read = await cache.read("k", shelf.load)
    assert await glance(other, "k") == read


async def test_a_glance_shows_nothing_behind_a_write(cache, other, shelf):
    await cache.read("k", shelf.load)
    await write(shelf, other, 2)
    assert await glance(cache, "k") is None
    await cache.read("k", shelf.load)
    assert shown(await glance(other, "k")) == 2


async def test_a_glance_leaves_it_to_a_read_to_say_what_is_not_there(cache, shelf):
    shelf.version = 0
    with pytest.raises(NotFound):
        await cache.read("k", shelf.load, lambda: NotFound("gone"))
    assert await glance(cache, "k") is None


async def test_a_glance_passes_over_what_it_cannot_read(cache, redis_url, redis_namespace):
    async with Redis.from_url(redis_url) as redis:
        await redis.set(f"{redis_namespace}:k", b"1\nno version\n{}")
    assert await glance(cache, "k") is None


async def test_many_glances_at_once_each_see_their_own(cache):
    async def load(number):
        return Representation(number, b"%d" % number)

    for number in range(1, 50):
        await cache.read(f"k{number}", lambda number=number: load(number))
    seen = await asyncio.gather(*(glance(cache, f"k{number}") for number in range(1, 50)))
    assert [shown(each) for each in seen] == list(range(1, 50))


async def test_a_glance_at_a_redis_that_hangs_is_one_bounded_wait(opened):
    async with silent_listener() as (url, _):
        with capture_logs() as logs:
            cache = await opened(url, "n", timeout_s=0.1)
            assert await glance(cache, "k") is None
            assert not cache.glance.ask("k", pytest.fail), "it is known to be away"
        assert said(logs) == [AWAY]

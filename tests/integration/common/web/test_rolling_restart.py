"""What callers see of a service that is told to stop: nothing."""

import asyncio
import itertools
import signal
from collections import Counter
from urllib.parse import urlsplit

import aiohttp
import pytest
from tests.integration.common.web.process import PATIENT, InFlight

BODY = b'{"email":"ada@example.com","firstName":"Ada","lastName":"L"}'
HEAD = (
    "POST /api/v1/customers HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    f"Content-Length: {len(BODY)}\r\n\r\n"
).encode()
GET = b"GET /api/v1/customers HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture
def variables(mongo_variables, consul_server):
    return {**mongo_variables, "SHOP_CONSUL_HTTP_ADDR": consul_server.url}


class Connection:
    """One connection, byte by byte."""

    async def open(self, url: str) -> None:
        address = urlsplit(url)
        self.reader, self._writer = await asyncio.open_connection(address.hostname, address.port)

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def answer(self) -> bytes:
        """Return one answer, head and body."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        )
        return head + await self.reader.readexactly(length)

    def close(self) -> None:
        self._writer.close()


@pytest.fixture
def connection():
    connection = Connection()
    yield connection
    connection.close()


class Callers:
    """Clients that ask all the time, and whom, Consul tells them each time."""

    def __init__(self, session: aiohttp.ClientSession, consul: str, ours: set[int]) -> None:
        self._session = session
        self._consul = consul
        self._ours = ours
        self._urls: list[str] = []
        self.failed: list[BaseException] = []
        self.answers: Counter[int] = Counter()
        self.over = asyncio.Event()

    async def look(self) -> None:
        query = f"{self._consul}/v1/health/service/customer?passing=1"
        async with self._session.get(query) as response:
            found = [each["Service"]["Port"] for each in await response.json()]
        self._urls = [f"http://127.0.0.1:{port}" for port in found if port in self._ours]

    async def watch(self) -> None:
        """Hear of changes late, as callers may: they lean on the linger."""
        while not self.over.is_set():
            await self.look()
            await asyncio.sleep(0.5)

    async def ask(self) -> None:
        for number in itertools.count():
            if self.over.is_set():
                return
            url = self._urls[number % len(self._urls)]
            try:
                async with self._session.get(f"{url}/api/v1/customers") as response:
                    await response.read()
                    self.answers[response.status] += 1
            except aiohttp.ClientError as error:
                self.failed.append(error)

    async def have(self, more: int) -> None:
        """Return when so many more requests were answered."""
        goal = self.answers.total() + more
        while self.answers.total() < goal:
            await asyncio.sleep(0.01)

    async def know(self, count: int) -> None:
        """Return when so many instances pass."""
        while len(self._urls) != count:
            await asyncio.sleep(0.01)


@pytest.fixture
async def strict_session():
    """A session that does not itself repeat what a lost connection left without answer."""
    async with aiohttp.ClientSession() as session:
        session._retry_connection = False
        yield session


async def test_a_rolling_restart_under_load_loses_no_request(
    start, variables, consul_server, strict_session
):
    ports: set[int] = set()

    async def instance():
        service = await start("--port", "0", SHOP_LINGER_S="3", **variables)
        ports.add(urlsplit(await service.listens()).port)
        return service

    instances = [await instance() for _ in range(2)]
    callers = Callers(strict_session, consul_server.url, ports)
    while len(callers._urls) < 2:
        await callers.look()
    tasks = [asyncio.create_task(callers.ask()) for _ in range(8)]
    tasks.append(asyncio.create_task(callers.watch()))
    for _ in range(2):
        await callers.have(50)
        old = instances.pop(0)
        old.stop()
        assert await old.ends() == 0
        await callers.have(50)
        instances.append(await instance())
        await callers.know(2)
    await callers.have(50)
    callers.over.set()
    await asyncio.gather(*tasks)
    assert callers.failed == []
    assert set(callers.answers) == {200}


async def test_while_it_lingers_it_answers_and_says_that_the_connection_closes(
    start, variables, connection
):
    service = await start("--port", "0", SHOP_LINGER_S="60", **variables)
    url = await service.listens()
    await service.says("registered")
    await connection.open(url)
    await connection.send(GET)
    assert b"connection: close" not in (await connection.answer()).lower()
    service.stop()
    await service.says("deregistered")
    await connection.send(GET)
    answer = await connection.answer()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in answer.lower()
    assert await connection.reader.read() == b"", "and it closes"
    for path, status in (("/health/ready", b"503"), ("/api/v1/customers", b"200")):
        new = Connection()
        await new.open(url)
        await new.send(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        assert (await new.answer()).startswith(b"HTTP/1.1 " + status)
        new.close()
    service.stop()
    assert await service.ends() == 1, "a second signal ends it at once"


async def test_without_consul_it_does_not_linger(start, mongo_variables):
    service = await start("--port", "0", SHOP_LINGER_S="60", **mongo_variables)
    await service.listens()
    service.stop()
    assert await service.ends() == 0


async def drains(url: str) -> None:
    """Return when the port is closed."""
    address = urlsplit(url)
    while True:
        try:
            _, writer = await asyncio.open_connection(address.hostname, address.port)
        except ConnectionError:  # refused; or reset, where it came just as the port closed
            return
        writer.close()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("arrived", [HEAD, HEAD + BODY[:10], HEAD[:5], HEAD[:-1]])
async def test_a_request_that_is_still_arriving_is_awaited_and_answered(
    start, mongo_variables, connection, session, arrived
):
    service = await start("--port", "0", **mongo_variables)
    url = await service.listens()
    await connection.open(url)
    await connection.send(GET)
    await connection.answer()  # so the server reads this connection
    await connection.send(arrived)
    async with session.get(f"{url}/health/live") as response:
        assert response.status == 200  # what was sent before has been seen
    service.stop()
    await drains(url)
    await connection.send((HEAD + BODY).removeprefix(arrived))
    answer = await connection.answer()
    assert answer.startswith(b"HTTP/1.1 201 ")
    assert b"connection: close" in answer.lower()
    assert await service.ends() == 0


async def test_idle_connections_do_not_keep_it(start, mongo_variables, connection):
    service = await start("--port", "0", SHOP_DRAIN_TIMEOUT_S="600", **mongo_variables)
    await connection.open(await service.listens())
    await connection.send(GET)
    await connection.answer()
    service.stop()
    assert await service.ends() == 0
    assert await connection.reader.read() == b""


async def test_a_second_signal_ends_the_drain_at_once(start, hanging_mongo):
    service = await start("--port", "0", SHOP_MONGO_URI=hanging_mongo.url, **PATIENT)
    url = await service.listens()
    hanging_mongo.signal(signal.SIGSTOP)
    request = InFlight()
    await request.begin(url)
    service.stop()
    await drains(url)
    service.stop()
    assert await service.ends() == 1
    request.drop()

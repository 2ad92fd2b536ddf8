"""``python -m shop.customer`` as a process, and a request that it cannot finish yet."""

import asyncio
import json
import signal
from urllib.parse import urlsplit

ALONE = {
    "SHOP_CONSUL_HTTP_ADDR": "",
    "SHOP_REDIS_URL": "",
    "SHOP_AUTH_OFF_ANYWHERE": "true",  # some are about other addresses than loopback
}
PATIENT = {"SHOP_MONGO_TIMEOUT_S": "60", "SHOP_REQUEST_TIMEOUT_S": "60"}


class Service:
    """A service under way, and what it has logged."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []
        self._grown = asyncio.Condition()
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while line := await self.process.stderr.readline():
            async with self._grown:
                self.lines.append(line.decode().rstrip())
                self._grown.notify_all()

    @property
    def logged(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.lines if line.startswith("{")]

    @property
    def events(self) -> list[object]:
        return [line["event"] for line in self.logged]

    async def says(self, event: str) -> dict[str, object]:
        """Return the first line of this event, as soon as it is logged."""
        async with self._grown:
            await self._grown.wait_for(lambda: event in self.events)
        return next(line for line in self.logged if line["event"] == event)

    async def listens(self) -> str:
        return str((await self.says("listening"))["url"])

    async def ends(self) -> int:
        code = await self.process.wait()
        await self._reader
        return code

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    async def close(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.ends()


class InFlight:
    """A request that the service has begun to serve, and cannot finish while Mongo hangs."""

    async def begin(self, url: str) -> None:
        address = urlsplit(url)
        self._in, self._out = await asyncio.open_connection(address.hostname, address.port)
        body = b'{"email":"ada@example.com","firstName":"Ada","lastName":"L"}'
        head = (
            "POST /api/v1/customers HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            f"Expect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._out.write(head.encode())
        assert b" 100 " in await self._in.readuntil(b"\r\n\r\n")  # it is being served
        self._out.write(body)
        await self._out.drain()

    async def answer(self) -> bytes:
        answer = await self._in.read()
        self._out.close()
        return answer

    def drop(self) -> None:
        self._out.close()

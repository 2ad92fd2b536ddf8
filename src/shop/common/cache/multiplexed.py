"""One connection to Redis for all who ask: what is asked in one tick of the loop goes in one write.

Redis answers in the order in which it was asked, so many can wait on one connection, and nobody
waits for a pool.
"""

import asyncio
from contextvars import Context
from time import time_ns

from redis.asyncio import Connection as Address
from redis.asyncio import SSLConnection
from redis.exceptions import ConnectionError as ConnectionLost

from shop.common import spans
from shop.common.cache.connection import Connection, Reply, command, settle
from shop.common.histogram import SECONDS, Histogram
from shop.common.waiting import Waiting


class Multiplexed:
    """Commands of many callers over one connection, which is made when one is needed."""

    def __init__(self, address: Address, timeout_s: float) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._wire: Connection | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._commands: list[bytes] = []
        self._replies: list[Waiting[Reply]] = []
        self.batch = 0
        """The number of the batch that what is asked now goes with."""
        self.failures = 0
        """How many connections were lost, or not made."""
        self.seconds = Histogram(
            "shop_redis_seconds",
            "Time from a batch of commands to Redis to its last answer.",
            [],
            (0.0001, 0.00025, 0.0005, *SECONDS[:9]),
        )

    @property
    def is_up(self) -> bool:
        """Tell whether there is a connection."""
        return self._wire is not None and self._wire.is_up

    @property
    def waiting(self) -> int:
        """Tell how many commands have been neither answered nor refused."""
        return len(self._replies) + (self._wire.waiting if self._wire else 0)

    def ask(self, command: bytes) -> "asyncio.Future[Reply]":
        """Send a command with the others of this tick; raises ResponseError where Redis says no.

        Raises ConnectionError, OSError or TimeoutError where it cannot be reached, or does not
        answer in time.
        """
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self.send(command, reply)
        if spans.recorder is not None:
            _record(command, reply)
        return reply

    def send(self, command: bytes, waiting: Waiting[Reply]) -> None:
        """Send a command as ``ask`` does; ``waiting`` is told what comes of it."""
        if not self._replies:
            asyncio.get_running_loop().call_soon(self._flush)
        self._commands.append(command)
        self._replies.append(waiting)

    async def close(self) -> None:
        """End the connection."""
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.gather(self._connecting, return_exceptions=True)
        self._drop(ConnectionLost("closed by us"))

    def _flush(self) -> None:
        if self._wire is not None and self._wire.is_up:
            commands, replies = self._commands, self._replies
            self._commands, self._replies = [], []
            self.batch += 1
            self._wire.send(b"".join(commands), replies)
        elif self._connecting is None:
            if self._wire is not None:
                self._wire, self.failures = None, self.failures + 1
            # In a context of its own: it outlives the caller that was the first.
            work = self._connect()
            self._connecting = asyncio.get_running_loop().create_task(work, context=Context())

    async def _connect(self) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                self._wire = await self._greeted()
        except Exception as error:
            self.failures += 1
            self._drop(error)
        else:
            self._flush()
        finally:
            self._connecting = None

    async def _greeted(self) -> Connection:
        """Return a connection that is let in, and at the right database."""
        loop, address = asyncio.get_running_loop(), self._address
        tls = address.ssl_context.get() if isinstance(address, SSLConnection) else None
        _, wire = await loop.create_connection(
            lambda: Connection(self._timeout_s, self.seconds), address.host, address.port, ssl=tls
        )
        names = [name for name in (address.username, address.password) if name]
        greeting = [command("AUTH", *names)] if names else []
        greeting += [command("SELECT", str(address.db))] if address.db else []
        replies: list[asyncio.Future[Reply]] = [loop.create_future() for _ in greeting]
        try:
            if greeting:
                wire.send(b"".join(greeting), replies)
                await asyncio.gather(*replies)
        except BaseException:
            wire.end(ConnectionLost("not let in"))
            raise
        return wire

    def _drop(self, error: Exception) -> None:
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.end(error)
        replies, self._commands, self._replies = self._replies, [], []
        self.batch += 1
        for reply in replies:
            settle(reply, error)


def _record(command: bytes, reply: "asyncio.Future[Reply]") -> None:
    """Tell of a command when it is answered, in the trace of who asked."""
    name, began_ns = command.split(b"\r\n", 3)[2].decode(), time_ns()
    if name == "TIME":  # beside those that callers ask for
        return
    told = {"db.system.name": "redis", "db.operation.name": name}

    def answered(reply: "asyncio.Future[Reply]") -> None:
        failure = None if reply.cancelled() else reply.exception()
        error = type(failure).__name__ if failure else None
        spans.ended(name, spans.Kind.CLIENT, time_ns() - began_ns, told, error)

    reply.add_done_callback(answered)

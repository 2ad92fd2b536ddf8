"""A TCP proxy that can be told to misbehave, in either direction, while connections are open.

A proxy of a mongod also puts other addresses into what the server says of itself: drivers leave
the address that they were given for those in its answers, and would go past the proxy.
"""

import asyncio
import random
import socket
import struct
from dataclasses import dataclass, field
from enum import StrEnum

_CHUNK = 65536
_SLOW_S = 0.4
_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends a reset


class Mode(StrEnum):
    """What happens to what one side sends."""

    PASS = "pass"
    CUT = "cut"  # nobody can connect, and who was connected is not any more
    RESET = "reset"  # it is not delivered, and the connection is reset
    HALF = "half"  # half of it is delivered, then the connection is reset
    SLOW = "slow"  # each piece is late
    HOLD = "hold"  # nothing arrives while this lasts; then all of it does, however late


class Way(StrEnum):
    """Which side's bytes are concerned."""

    REQUESTS = "requests"
    ANSWERS = "answers"


@dataclass(frozen=True)
class Address:
    """Where somebody listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class _Broken(Exception):
    """The connection is to be reset."""


@dataclass(eq=False)
class _Direction:
    """One way through the proxy, for all connections."""

    mode: Mode = Mode.PASS
    flows: asyncio.Event = field(default_factory=asyncio.Event)


class Proxy:
    """Listens at ``own`` and passes everything on to ``target``."""

    def __init__(self, own: Address, target: Address, *, aliases: dict[str, str] | None = None):
        self.own = own
        self.target = target
        self._aliases = {a.encode(): b.encode() for a, b in (aliases or {}).items()}
        self._ways = {way: _Direction() for way in Way}
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen."""
        for way in self._ways.values():
            way.flows.set()
        self._server = await asyncio.start_server(self._take, self.own.host, self.own.port)

    async def stop(self) -> None:
        """End all connections and listen no more."""
        if self._server:
            self._server.close()
        self.heal()
        self._reset_all()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def set(self, mode: Mode, way: Way = Way.REQUESTS) -> None:
        """Treat what goes this way so from now on, in old and in new connections."""
        direction = self._ways[way]
        direction.mode = mode
        if mode is Mode.HOLD:
            direction.flows.clear()
        else:
            direction.flows.set()
        if mode is Mode.CUT:
            self._reset_all()

    def heal(self) -> None:
        """Pass everything, both ways."""
        for way in Way:
            self.set(Mode.PASS, way)

    def _reset_all(self) -> None:
        for writer in list(self._writers):
            _reset(writer)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if any(way.mode is Mode.CUT for way in self._ways.values()):
            _reset(writer)
            return
        self._writers.add(writer)
        try:
            await self._connect(reader, writer)
        except OSError:
            _reset(writer)
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self.target.host, self.target.port)
        self._writers.add(far_writer)
        try:
            await asyncio.gather(
                self._pump(Way.REQUESTS, reader, far_writer),
                self._pump(Way.ANSWERS, far_reader, writer),
            )
        except (_Broken, OSError, asyncio.IncompleteReadError):
            _reset(writer)
            _reset(far_writer)
        finally:
            self._writers.discard(far_writer)
            far_writer.close()

    async def _pump(
        self, way: Way, source: asyncio.StreamReader, sink: asyncio.StreamWriter
    ) -> None:
        direction = self._ways[way]
        framed = bool(self._aliases) and way is Way.ANSWERS
        while piece := await (self._message(source) if framed else source.read(_CHUNK)):
            await direction.flows.wait()
            await _deliver(piece, sink, direction.mode)
        await direction.flows.wait()
        if sink.can_write_eof():
            sink.write_eof()

    async def _message(self, source: asyncio.StreamReader) -> bytes:
        """Return one message of MongoDB's wire protocol, which begins with its length."""
        try:
            head = await source.readexactly(4)
        except asyncio.IncompleteReadError:
            return b""
        message = head + await source.readexactly(struct.unpack("<i", head)[0] - 4)
        for real, alias in self._aliases.items():  # of equal length, so nothing else has to change
            message = message.replace(real, alias)
        return message


async def _deliver(piece: bytes, sink: asyncio.StreamWriter, mode: Mode) -> None:
    if mode in (Mode.CUT, Mode.RESET):
        raise _Broken
    if mode is Mode.SLOW:
        await asyncio.sleep(_SLOW_S * random.uniform(0.5, 1.5))
    sink.write(piece[: len(piece) // 2] if mode is Mode.HALF else piece)
    await sink.drain()
    if mode is Mode.HALF:
        raise _Broken


def _reset(writer: asyncio.StreamWriter) -> None:
    bare: socket.socket | None = writer.get_extra_info("socket")
    if bare is not None and bare.fileno() >= 0 and not writer.is_closing():
        bare.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    writer.transport.abort()

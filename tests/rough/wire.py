"""HTTP on a bare socket: what a client library would never send, and what comes back for it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

PATIENCE_S = 60.0  # a hang takes longer than any busy machine does

Headers = Sequence[tuple[str, str | bytes]]


@dataclass(frozen=True)
class Request:
    """What is sent. ``body`` None: there is none, and no Content-Length."""

    method: str
    target: bytes
    headers: Headers = ()
    body: bytes | None = None
    version: bytes = b"HTTP/1.1"

    def with_headers(self, *headers: tuple[str, str | bytes]) -> "Request":
        """Return it with these headers in the place of those of the same names."""
        named = {name.lower() for name, _ in headers}
        others = [header for header in self.headers if header[0].lower() not in named]
        return replace(self, headers=(*others, *headers))

    @property
    def head(self) -> bytes:
        """The request line and the headers, with the empty line."""
        lines = [self.method.encode() + b" " + self.target + b" " + self.version]
        given = [("Host", "shop"), *self.headers]
        names = {name.lower() for name, _ in given}
        if self.body is not None and not names & {"content-length", "transfer-encoding"}:
            given.append(("Content-Length", str(len(self.body))))
        for name, value in given:
            shown = value if isinstance(value, bytes) else value.encode()
            lines.append(name.encode() + b": " + shown)
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def __bytes__(self) -> bytes:
        return self.head + (self.body or b"")


@dataclass(frozen=True)
class Answer:
    """What came back; names of headers in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def closes(self) -> bool:
        """Whether it says that it is the last on its connection."""
        return self.headers.get("connection", "").lower() == "close"

    @property
    def streams(self) -> bool:
        """Whether it has no end of its own."""
        return self.headers.get("content-type", "").startswith("text/event-stream")


@dataclass
class Wire:
    """One connection to a service."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    answers: int = field(default=0)

    async def send(self, sent: bytes) -> None:
        """Send; a service that has closed already takes no more, and that is its right."""
        try:
            self.writer.write(sent)
            await self.writer.drain()
        except ConnectionError:
            pass

    async def answer(self, method: str = "GET") -> Answer | None:
        """Return the next answer to a request of that method; None where the connection ended.

        Raises TimeoutError where neither comes, AssertionError where what comes is no HTTP.
        """
        async with asyncio.timeout(PATIENCE_S):
            try:
                head = await self.reader.readuntil(b"\r\n\r\n")
                answer = _parsed(head)
                if method == "HEAD" or answer.status in (204, 304) or answer.status < 200:
                    return answer
                if answer.streams:
                    return answer
                size = int(answer.headers["content-length"])
                return replace(answer, body=await self.reader.readexactly(size))
            except asyncio.IncompleteReadError as error:
                if error.partial:
                    raise AssertionError(f"it breaks off: {error.partial[:200]!r}") from None
                return None
            except ConnectionResetError:
                return None

    async def ended(self) -> bytes:
        """Wait until the service closes the connection; return what came before."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Wire]:
    """Connect to a service, and let go without ceremony at the end."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=2**24)
    try:
        yield Wire(reader, writer)
    finally:
        writer.transport.abort()


def _parsed(head: bytes) -> Answer:
    first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    version, status, _ = first.split(" ", 2)
    assert version in ("HTTP/1.1", "HTTP/1.0"), first
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return Answer(int(status), headers, b"")

"""A peer over HTTP that takes single operations and batches of them, as the contract has it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson
from aiohttp import web

from shop.common import trace
from shop.common.peer import FixedResolver, PeerClient

Entry = dict[str, Any]
Answer = tuple[int, Any]


@dataclass
class BatchPeer:
    """``answer`` says what becomes of one operation; ``whole``, if set, of every batch.

    ``hold``: batches that name one of these orders wait until ``go_on`` is set.
    """

    answer: Callable[[Entry], Answer]
    whole: Answer | None = None
    hold: set[str] = field(default_factory=set)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    held: asyncio.Event = field(default_factory=asyncio.Event)
    batches: list[list[Entry]] = field(default_factory=list)
    singles: list[tuple[str, str]] = field(default_factory=list)
    headers: list[Any] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        """Answer a request, single or batch."""
        self.headers.append(request.headers)
        body = orjson.loads(await request.read() or b"null")
        path = request.path.removeprefix("/api/v1")
        if path in ("/reservations/batch", "/customerOrders/batch"):
            return await self._batch(body["operations"])
        self.singles.append((request.method, path))
        return _response(self.answer(_entry(request.method, path, body)))

    async def _batch(self, operations: list[Entry]) -> web.Response:
        self.batches.append(operations)
        if self.hold & {each["orderId"] for each in operations}:
            self.held.set()
            await self.go_on.wait()
        if self.whole:
            return _response(self.whole)
        outcomes = [self.answer(each) for each in operations]
        content = {"outcomes": [{"status": s, "body": b} for s, b in outcomes]}
        return _response((200, content))


@asynccontextmanager
async def served(peer: BatchPeer, name: str) -> AsyncIterator[PeerClient]:
    """Serve it on a port of its own; give a client that knows it."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", peer.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    resolver = FixedResolver.parse(f"{name}=http://127.0.0.1:{runner.addresses[0][1]}")
    async with aiohttp.ClientSession() as session:
        yield PeerClient(name, resolver, session, headers=trace.outgoing)
    peer.go_on.set()
    await runner.cleanup()


def _response(answer: Answer) -> web.Response:
    status, body = answer
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/json")


def _entry(method: str, path: str, body: Entry | None) -> Entry:
    """Return the entry of a batch that says the same as a request."""
    parts = path.strip("/").split("/")
    if parts[0] == "customerOrders":
        op = "unlink" if method == "DELETE" else "link"
        return {"op": op, "customerId": parts[1], "orderId": parts[2], **(body or {})}
    op = "reserve" if method == "PUT" else parts[2]
    return {"op": op, "orderId": parts[1], **(body or {})}

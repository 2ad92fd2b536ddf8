"""An issuer that serves its keys over HTTP, and can be away, slow, or talk nonsense."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from shop.local.ports import HOST, free_port


@dataclass
class IssuerServer:
    """What it answers, and how often it was asked."""

    port: int = field(default_factory=free_port)
    content: bytes = b""
    status: int = 200
    asked: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    go: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}/jwks.json"

    async def answer(self, _: web.Request) -> web.Response:
        self.asked += 1
        await self.go.wait()
        return web.Response(status=self.status, body=self.content, headers=self.headers)


@asynccontextmanager
async def serving(issuer: IssuerServer) -> AsyncIterator[IssuerServer]:
    """Listen while the code inside runs."""
    issuer.go.set()
    app = web.Application()
    app.router.add_get("/jwks.json", issuer.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, HOST, issuer.port).start()
    try:
        yield issuer
    finally:
        await runner.cleanup()

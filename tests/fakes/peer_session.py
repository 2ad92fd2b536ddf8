"""An aiohttp session without a network, and clients that call through it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp
from aiohttp.client_reqrep import ConnectionKey

from shop.common.peer import FixedResolver, PeerClient

A, B, C = "http://a:1", "http://b:1", "http://c:1"
REFUSED = aiohttp.ClientConnectorError(
    ConnectionKey("a", 1, False, True, None, None, None), OSError(111, "refused")
)
BROKEN = aiohttp.ServerDisconnectedError()


@dataclass(frozen=True)
class Answer:
    """As much of an aiohttp response as is looked at."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)

    async def read(self) -> bytes:
        return self.body


@dataclass(frozen=True)
class Asked:
    method: str
    url: str
    data: bytes | None
    headers: Mapping[str, str]

    @property
    def timeout_ms(self) -> int:
        return int(self.headers["Request-Timeout-Ms"])


class FakeSession:
    """Answers by instance: each answer once, the last one for ever; None never answers."""

    def __init__(self, answers: Mapping[str, list[Answer | Exception | None]]) -> None:
        self._answers = {url: list(each) for url, each in answers.items()}
        self.asked: list[Asked] = []
        self.cancelled = 0
        self.hanging = asyncio.Event()

    async def request(
        self,
        method: str,
        url: str,
        *,
        data: Any,
        headers: Any,
        allow_redirects: bool,
        server_hostname: str | None,
    ) -> Answer:
        assert not allow_redirects
        assert server_hostname is None  # it has no certificates
        url = str(url)
        self.asked.append(Asked(method, url, data, headers))
        left = self._answers[url.removesuffix("/x")]
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        if answer is None:
            await self._hang()
        return answer

    async def _hang(self) -> None:
        self.hanging.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    @property
    def urls(self) -> list[str]:
        return [asked.url for asked in self.asked]


def client(session: FakeSession, *urls: str, **options: Any) -> PeerClient:
    options.setdefault("rng", Random(3))
    peers = ",".join(f"product={url}" for url in urls)
    return PeerClient("product", FixedResolver.parse(peers), session, **options)  # type: ignore[arg-type]

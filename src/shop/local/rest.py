"""One HTTP request with a JSON answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

_TIMEOUT_S = 10
_PLAIN: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Answer:
    """Status and body (None if it is empty or not JSON) of an answer."""

    status: int
    body: Any


async def ask(
    method: str,
    url: str,
    json: Any = None,
    headers: dict[str, str] | None = None,
    timeout_s: float = _TIMEOUT_S,
    secured: Mapping[str, Any] = _PLAIN,
) -> Answer:
    """Send a request; raise aiohttp.ClientError or TimeoutError if there is no answer.

    ``secured``: how TLS is spoken, as aiohttp takes it.
    """
    timeout = aiohttp.ClientTimeout(total=timeout_s)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.request(method, url, json=json, headers=headers, **secured) as response,
    ):
        try:
            return Answer(response.status, await response.json(content_type=None))
        except ValueError:
            return Answer(response.status, None)

"""One HTTP request with a JSON answer."""

from dataclasses import dataclass
from typing import Any

import aiohttp

_TIMEOUT_S = 10


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
) -> Answer:
    """Send a request; raise aiohttp.ClientError or TimeoutError if there is no answer."""
    timeout = aiohttp.ClientTimeout(total=timeout_s)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.request(method, url, json=json, headers=headers) as response,
    ):
        try:
            return Answer(response.status, await response.json(content_type=None))
        except ValueError:
            return Answer(response.status, None)

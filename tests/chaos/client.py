"""A client of bad manners: it asks either instance, and at times goes before it is answered."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import Any, Self

import aiohttp
from tests.chaos.record import Attempt, Log


class Client:
    """``urls``: the instances of each service. What it draws comes from ``rng``.

    ``token``: what it shows, where it is asked for one.
    """

    def __init__(
        self,
        urls: Mapping[str, Sequence[str]],
        log: Log,
        rng: random.Random,
        patience_s: float = 7,
        token: str | None = None,
    ) -> None:
        self._urls = urls
        self._log = log
        self._rng = rng
        self._patience_s = patience_s
        self._shown = {"Authorization": f"Bearer {token}"} if token else {}

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=0)
        self._session = aiohttp.ClientSession(connector=connector, headers=self._shown)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def once(
        self,
        operation: str,
        subject: str,
        method: str,
        path: str,
        json: Any = None,
        *,
        key: str | None = None,
        impatient: bool = False,
    ) -> Attempt:
        """Send a request to one instance; where ``impatient``, perhaps go before the answer."""
        service = operation.partition(":")[0]
        via = self._rng.choice(self._urls[service])
        attempt = Attempt(operation.partition(":")[2], subject, via, key, json)
        self._log.sent(attempt)
        patience_s = self._patience_s
        if impatient and self._rng.random() < 0.15:
            patience_s = self._rng.choice((0.0, 0.005, 0.02, 0.05, 0.3))
        try:
            async with asyncio.timeout(patience_s):
                await self._ask(attempt, method, f"{via}/api/v1{path}")
        except TimeoutError:
            attempt.lost = "went" if patience_s < self._patience_s else "no answer in time"
        except (aiohttp.ClientError, OSError) as error:
            attempt.lost = type(error).__name__
        self._log.ended(attempt)
        return attempt

    async def insist(
        self, operation: str, subject: str, method: str, path: str, json: Any = None, **options: Any
    ) -> Attempt:
        """Repeat it until it is answered for good; give up after a number of times."""
        for left in reversed(range(14)):
            attempt = await self.once(operation, subject, method, path, json, **options)
            if answered(attempt) or not left:
                break
            await asyncio.sleep(self._rng.uniform(0.2, 1.2 if attempt.status is None else 2.5))
        return attempt

    async def _ask(self, attempt: Attempt, method: str, url: str) -> None:
        headers = {"Idempotency-Key": attempt.key} if attempt.key else {}
        async with self._session.request(
            method, url, json=attempt.sent, headers=headers
        ) as response:
            answer = await response.text()
            attempt.status, attempt.answer = response.status, answer
            attempt.replayed = response.headers.get("Idempotency-Replayed") == "true"


def answered(attempt: Attempt) -> bool:
    """Say whether the answer tells the outcome: not lost, no 5xx, and not still in progress."""
    if attempt.status is None or attempt.status >= 500:
        return False
    return not (attempt.status == 409 and attempt.body["code"] == "request-in-progress")

"""One address of Consul: its answers in time, and its faults by one name."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp

from .consul_api import ConsulApi, ConsulRefused
from .errors import ConsulUnavailable

T = TypeVar("T")

# ConsulRefused: refused or failed there. aiohttp's and OSError: not reached, or broken off. The
# last three: an answer that is not what Consul's API promises.
_FAULTS = (ConsulRefused, aiohttp.ClientError, OSError, ValueError, KeyError, TypeError)


class ConsulAgent:
    """Asks one agent or server; ``timeout_s`` is for calls that say nothing else."""

    def __init__(self, url: str, api: ConsulApi, timeout_s: float) -> None:
        self.url = url
        self._api = api
        self._timeout_s = timeout_s

    async def ask(
        self, call: Callable[[ConsulApi], Awaitable[T]], timeout_s: float | None = None
    ) -> T:
        """Return what the call returns; raise ConsulUnavailable for whatever goes wrong."""
        try:
            async with asyncio.timeout(self._timeout_s if timeout_s is None else timeout_s):
                return await call(self._api)
        except TimeoutError as error:
            raise self._unavailable("does not answer", True) from error
        except _FAULTS as error:
            reached = not isinstance(error, aiohttp.ClientConnectorError)
            raise self._unavailable(str(error).strip() or type(error).__name__, reached) from error

    def _unavailable(self, what: str, may_have_happened: bool) -> ConsulUnavailable:
        return ConsulUnavailable(f"{self.url}: {what}", may_have_happened=may_have_happened)

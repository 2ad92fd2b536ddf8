"""What discovery asks of Consul: who is well, and to be known."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from consul import ConsulException

from .consul_transport import SharedConsul
from .errors import ConsulUnavailable
from .instance import Instance, http_url
from .registration import Registration

# consul.ConsulException: refused or failed there. aiohttp's and OSError: not reached, or broken
# off. The last three: an answer that is not what Consul's API promises.
_FAULTS = (ConsulException, aiohttp.ClientError, OSError, ValueError, KeyError, TypeError)


@dataclass(frozen=True)
class ConsulOptions:
    """The agent to ask. ``request_timeout_s`` is on top of the time a query may block for."""

    url: str = "http://127.0.0.1:8500"
    token: str | None = field(default=None, repr=False)
    request_timeout_s: float = 5.0


class ConsulClient:
    """Every method raises ConsulUnavailable if there is no answer that can be used."""

    def __init__(
        self, session: aiohttp.ClientSession, options: ConsulOptions = ConsulOptions()
    ) -> None:
        self._options = options
        self._consul = SharedConsul(session, options.url, options.token)

    async def passing(
        self, service: str, index: int = 0, wait_s: float = 0.0
    ) -> tuple[int, tuple[Instance, ...]]:
        """Return the instances whose checks all pass, sorted by id, and the index of this state.

        With the index of an earlier answer it waits until something has changed since, or for
        ``wait_s`` (Consul adds up to a sixteenth).
        """
        async with self._plainly(wait_s * 17 / 16):
            answered, nodes = await self._consul.health.service(
                service, index=str(index) if index else None, wait=_ms(wait_s), passing=True
            )
            found = sorted((_instance(node) for node in nodes), key=lambda each: each.id)
            return max(1, int(answered)), tuple(found)

    async def register(self, registration: Registration) -> None:
        """Make the agent know an instance, in place of what it knew under that id."""
        check = {
            "HTTP": registration.health_url,
            "Interval": _ms(registration.check_interval_s),
            "Timeout": _ms(registration.check_timeout_s),
            "DeregisterCriticalServiceAfter": _ms(registration.deregister_critical_after_s),
        }
        async with self._plainly():
            await self._consul.agent.service.register(
                registration.service,
                service_id=registration.id,
                address=registration.address,
                port=registration.port,
                tags=list(registration.tags),
                meta=dict(registration.meta),
                check=check,
                replace_existing_checks=True,
            )

    async def knows(self, instance_id: str) -> bool:
        """Say whether the agent knows an instance."""
        async with self._plainly():
            return await self._consul.agent.service_definition(instance_id) is not None

    async def deregister(self, instance_id: str) -> None:
        """Make the agent forget an instance; it may have done so already."""
        async with self._plainly():
            await self._consul.agent.service.deregister(instance_id)

    @asynccontextmanager
    async def _plainly(self, blocks_s: float = 0.0) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(blocks_s + self._options.request_timeout_s):
                yield
        except TimeoutError as error:
            raise ConsulUnavailable(f"{self._options.url} does not answer") from error
        except _FAULTS as error:
            what = str(error).strip() or type(error).__name__
            raise ConsulUnavailable(f"{self._options.url}: {what}") from error


def _ms(s: float) -> str:
    return f"{max(1, round(s * 1000))}ms"


def _instance(node: Mapping[str, Any]) -> Instance:
    service = node["Service"]
    return Instance(
        service["Service"],
        id=service["ID"],
        url=http_url(service["Address"] or node["Node"]["Address"], service["Port"]),
        tags=tuple(service["Tags"] or ()),
        meta=service["Meta"] or {},
    )

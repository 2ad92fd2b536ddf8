"""The four calls of Consul's HTTP API that discovery is made of, at one address.

As told in https://developer.hashicorp.com/consul/api-docs/health (list service instances) and
https://developer.hashicorp.com/consul/api-docs/agent/service.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ssl import SSLContext
from typing import Any
from urllib.parse import quote

import aiohttp

_SHOWN = 300
"""Characters of a refusal: what is not Consul may answer with a whole page."""


class ConsulRefused(Exception):
    """An answer of another status than the call may have; the message has it and what was said."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, unread."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class ConsulApi:
    """Asks over a session that is shared, and stays its owner's; each call with the token.

    Raises ConsulRefused and, unwrapped, what aiohttp raises; it has no timeouts. No variable
    ``CONSUL_...`` of the environment is looked at: none comes before what we are given.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        token: str | None,
        tls: SSLContext | None = None,
    ) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._tls = tls or True
        self._headers = {"X-Consul-Token": token} if token else {}

    async def health(self, service: str, query: Sequence[tuple[str, str]]) -> Answer:
        """Return the instances of a service; see ``query`` for which, and how long to wait."""
        return await self._send("GET", f"/v1/health/service/{_part(service)}", query)

    async def register(self, service: Mapping[str, Any]) -> None:
        """Make the agent know an instance and its check, in place of those under the same id."""
        query = [("replace-existing-checks", "true")]
        await self._send("PUT", "/v1/agent/service/register", query, body=service)

    async def knows(self, instance_id: str) -> bool:
        """Say whether the agent knows an instance."""
        path = f"/v1/agent/service/{_part(instance_id)}"
        return (await self._send("GET", path, allowed=(200, 404))).status == 200

    async def deregister(self, instance_id: str) -> None:
        """Make the agent forget an instance; newer ones answer 404 where there is none."""
        path = f"/v1/agent/service/deregister/{_part(instance_id)}"
        await self._send("PUT", path, allowed=(200, 404))

    async def _send(
        self,
        method: str,
        path: str,
        query: Sequence[tuple[str, str]] = (),
        *,
        body: Mapping[str, Any] | None = None,
        allowed: tuple[int, ...] = (200,),
    ) -> Answer:
        async with self._session.request(
            method,
            self._url + path,
            params=query,
            json=body,
            headers=self._headers,
            ssl=self._tls,
        ) as answer:
            found = Answer(answer.status, answer.headers, await answer.read())
        if found.status not in allowed:
            said = found.body.decode(errors="replace").strip()
            raise ConsulRefused(f"{found.status} {said[:_SHOWN]}")
        return found


def _part(name: str) -> str:
    """Return a name as a part of a path."""
    return quote(name, safe="")

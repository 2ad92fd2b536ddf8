"""What discovery asks of Consul: who is well, and to be known."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

import aiohttp

from .consul_agent import ConsulAgent
from .consul_api import ConsulApi
from .consul_wording import health_query, read_passing, registering
from .errors import ConsulUnavailable
from .health import Passing
from .registration import Registration
from .selection import ANY, Selection

T = TypeVar("T")


@dataclass(frozen=True)
class ConsulOptions:
    """The agents or servers to ask, all of one datacenter, in the order of preference.

    ``token``: with ACLs on it needs ``service:write`` for what is registered; ``service:read`` and
    ``node:read`` for what is looked for, or Consul answers with an empty list.
    ``tls``: for https addresses, as ``tls_context`` makes it; None: the system's authorities.
    ``request_timeout_s`` is for each address, on top of the time a query may block for; reads that
    do not block have it for all addresses together, so that one that hangs holds up no first call.
    ``max_lag_s``: a server that has not heard from its leader for longer is believed only if no
    other address has a fresher answer.
    """

    urls: tuple[str, ...] = ("http://127.0.0.1:8500",)
    token: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    request_timeout_s: float = 5.0
    max_lag_s: float = 10.0

    def __post_init__(self) -> None:
        """Raise ValueError where there is no address, or a text in place of a tuple of them."""
        if isinstance(self.urls, str) or not self.urls:
            raise ValueError(f"urls must be a tuple of at least one address, not {self.urls!r}")


class ConsulClient:
    """Asks the address that answered last, and when it fails the others at once, in their order.

    Every method raises ConsulUnavailable if none has an answer that can be used.
    """

    def __init__(
        self, session: aiohttp.ClientSession, options: ConsulOptions = ConsulOptions()
    ) -> None:
        self._max_lag_s = options.max_lag_s
        self._timeout_s = options.request_timeout_s
        self._agents = tuple(
            ConsulAgent(
                url,
                ConsulApi(session, url, options.token, options.tls),
                options.request_timeout_s,
            )
            for url in options.urls
        )
        self._last = self._agents[0]
        self._told: dict[str, set[ConsulAgent]] = {}

    async def passing(
        self,
        service: str,
        index: int = 0,
        wait_s: float = 0.0,
        *,
        datacenter: str | None = None,
        selection: Selection = ANY,
    ) -> Passing:
        """Return the instances whose checks all pass.

        With the index of an earlier answer it waits until something has changed since, or for
        ``wait_s`` (Consul adds up to a sixteenth). ``datacenter``: None is the agent's own.
        """
        first, behind = self._last, list[Passing]()

        async def ask(agent: ConsulAgent) -> Passing:
            # An index counts at its own address: another one is asked for what is so now.
            since = index if agent is first else 0
            query = health_query(since, wait_s, datacenter, selection)
            shared_s, blocking_s = self._timeout_s / len(self._agents), wait_s * 17 / 16
            timeout_s = blocking_s + self._timeout_s if since else shared_s

            async def read(api: ConsulApi) -> Passing:
                return read_passing(await api.health(service, query))

            answer = await agent.ask(read, timeout_s)
            if answer.lag_s > self._max_lag_s:
                behind.append(answer)
                raise ConsulUnavailable(f"{agent.url}: its leader is away for {answer.lag_s:.0f} s")
            return answer

        try:
            found = await self._first(ask)
        except ConsulUnavailable:
            if not behind:
                raise
            found = min(behind, key=lambda answer: answer.lag_s)
        return replace(found, instances=tuple(filter(selection.admits, found.instances)))

    async def register(self, registration: Registration) -> None:
        """Make an agent know an instance, in place of what it knew under that id."""
        told = self._told.setdefault(registration.id, set())

        async def ask(agent: ConsulAgent) -> None:
            try:
                await agent.ask(lambda api: api.register(registering(registration)))
            except ConsulUnavailable as error:
                if error.may_have_happened:
                    told.add(agent)
                raise
            told.add(agent)

        await self._first(ask)

    async def knows(self, instance_id: str) -> bool:
        """Say whether the agent knows an instance."""
        return await self._first(lambda agent: agent.ask(lambda api: api.knows(instance_id)))

    async def deregister(self, instance_id: str) -> None:
        """Make every agent that was told forget an instance; it may have done so already."""
        told = self._told.get(instance_id) or {self._last}
        answers = await asyncio.gather(
            *(agent.ask(lambda api: api.deregister(instance_id)) for agent in told),
            return_exceptions=True,
        )
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        self._told.pop(instance_id, None)

    async def _first(self, ask: Callable[[ConsulAgent], Awaitable[T]]) -> T:
        """Return the first answer; the address that gave it is the first to be asked from now."""
        start, faults = self._agents.index(self._last), []
        for agent in (*self._agents[start:], *self._agents[:start]):
            try:
                answer = await ask(agent)
            except ConsulUnavailable as error:
                faults.append(error)
            else:
                self._last = agent
                return answer
        raise ConsulUnavailable(
            "; ".join(error.reason for error in faults),
            may_have_happened=any(error.may_have_happened for error in faults),
        )

"""Announces an instance to Consul, keeps it announced, and takes it back."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random, SystemRandom
from typing import Protocol

import structlog

from .backoff import Backoff
from .errors import ConsulUnavailable
from .registration import Registration


class Agent(Protocol):
    """What the registrar needs of Consul; each method may raise ConsulUnavailable."""

    async def register(self, registration: Registration) -> None:
        """Make the agent know an instance."""
        ...

    async def knows(self, instance_id: str) -> bool:
        """Say whether the agent knows an instance."""
        ...

    async def deregister(self, instance_id: str) -> None:
        """Make the agent forget an instance."""
        ...


@dataclass(frozen=True)
class RegistrarOptions:
    """``heartbeat_s``: how often the agent is asked whether it still knows the instance.

    That and the check's interval together must stay below the watches' ``empty_grace_s``: then
    an agent that lost its memory knows all instances again before any caller lets go of them.
    """

    heartbeat_s: float = 3.0
    deregister_timeout_s: float = 2.0
    retry_first_s: float = 0.1
    retry_max_s: float = 1.0


class Registrar:
    """One instance at one agent. Call ``deregister`` also if ``register`` was cancelled."""

    def __init__(
        self,
        agent: Agent,
        registration: Registration,
        options: RegistrarOptions = RegistrarOptions(),
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        rng: Random | None = None,
    ) -> None:
        self._agent = agent
        self._registration = registration
        self._options = options
        self._backoff = Backoff(options.retry_first_s, options.retry_max_s)
        self._sleep = sleep
        self._rng = rng or SystemRandom()
        self._failures = 0
        self._may_be_known = False
        self._heart: asyncio.Task[None] | None = None
        self._speaking = asyncio.Lock()
        self._log = structlog.get_logger().bind(
            service=registration.service, instance=registration.id
        )

    async def register(self) -> None:
        """Announce the instance, waiting for Consul as long as it takes, and keep it announced."""
        self._may_be_known = True
        while not await self._try(self._announce):
            await self._sleep(self._retry_s())
        self._heart = asyncio.create_task(
            self._beat(), name=f"heartbeat of {self._registration.id}"
        )

    async def deregister(self) -> None:
        """Take the instance back; never raises, and gives up in ``deregister_timeout_s``.

        An instance that Consul could not be told about goes by its check: it turns critical.
        Does nothing where there is nothing to take back.
        """
        if not self._may_be_known:
            return
        try:
            async with asyncio.timeout(self._options.deregister_timeout_s):
                async with self._speaking:  # or a registration under way could arrive after this
                    await self._stop_heart()
                    await self._agent.deregister(self._registration.id)
        except (ConsulUnavailable, TimeoutError) as error:
            self._log.warning("not deregistered", reason=str(error) or "no answer in time")
        else:
            self._may_be_known = False
            self._log.info("deregistered")
        finally:
            await self._stop_heart()

    async def _announce(self) -> None:
        await self._agent.register(self._registration)
        self._log.info("registered", health_url=self._registration.health_url)

    async def _beat(self) -> None:
        while True:
            # Spread, so that the instances of a host do not all ask at the same moment.
            beat_s = self._options.heartbeat_s * self._rng.uniform(0.8, 1.0)
            await self._sleep(self._retry_s() if self._failures else beat_s)
            await self._try(self._remind)

    async def _remind(self) -> None:
        if not await self._agent.knows(self._registration.id):
            self._log.warning("forgotten by consul")
            await self._announce()

    async def _try(self, step: Callable[[], Awaitable[None]]) -> bool:
        """Take a step with the agent; log the first of several failures in a row, not each."""
        try:
            async with self._speaking:
                await step()
        except ConsulUnavailable as error:
            self._failures += 1
            if self._failures == 1:
                self._log.warning("waiting for consul", reason=str(error))
            return False
        if self._failures:
            self._log.info("consul is back", failures=self._failures)
        self._failures = 0
        return True

    def _retry_s(self) -> float:
        return self._backoff.delay_s(self._failures, self._rng)

    async def _stop_heart(self) -> None:
        if self._heart is not None:
            heart, self._heart = self._heart, None
            heart.cancel()
            await asyncio.gather(heart, return_exceptions=True)

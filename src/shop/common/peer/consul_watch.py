"""Follows one service by Consul's blocking queries, and keeps what it learned last."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random, SystemRandom
from typing import Protocol

import structlog

from .backoff import Backoff
from .errors import ConsulUnavailable
from .instance import Instance


class Health(Protocol):
    """What a watch needs of Consul."""

    async def passing(
        self, service: str, index: int = 0, wait_s: float = 0.0
    ) -> tuple[int, tuple[Instance, ...]]:
        """Return the index and the passing instances; may raise ConsulUnavailable."""
        ...


@dataclass(frozen=True)
class WatchOptions:
    """``wait_s``: how long a query may block.

    ``first_wait_s``: how long the first resolve may wait for Consul's first answer.
    ``empty_grace_s``: how long an empty answer is doubted while instances are known.
    ``pace_s``: the least time between two queries. ``retry_max_s`` bounds how late the return of
    Consul is noticed: keep it well below one second.
    """

    wait_s: float = 30.0
    first_wait_s: float = 2.0
    empty_grace_s: float = 10.0
    pace_s: float = 0.02
    retry_first_s: float = 0.05
    retry_max_s: float = 0.5


class ConsulWatch:
    """``instances`` is what is known now; ``ready`` is set once there is no use in waiting.

    Must be made where a loop runs. After an error and when the index falls (the agent has lost
    its state), it asks without index: with an old one it would block for the whole wait
    (Consul's documentation, "Blocking Queries": implementation details).
    """

    def __init__(
        self,
        service: str,
        consul: Health,
        options: WatchOptions = WatchOptions(),
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        rng: Random | None = None,
    ) -> None:
        self.instances: tuple[Instance, ...] = ()
        self.ready = asyncio.Event()
        self._service = service
        self._consul = consul
        self._options = options
        self._backoff = Backoff(options.retry_first_s, options.retry_max_s)
        self._clock = clock
        self._sleep = sleep
        self._rng = rng or SystemRandom()
        self._empty_since_s: float | None = None
        self._failures = 0
        self._log = structlog.get_logger().bind(peer=service)
        loop = asyncio.get_running_loop()
        self._patience = loop.call_later(options.first_wait_s, self.ready.set)
        self._task = loop.create_task(self._run(), name=f"watch of {service}")

    async def close(self) -> None:
        """End the watch; whoever still waits for the first answer gets what there is."""
        self._patience.cancel()
        self.ready.set()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        index = 0
        while True:
            try:
                answered, found = await self._consul.passing(self._service, index, self._wait_s())
            except ConsulUnavailable as error:
                index = 0
                self._lose(error)
                await self._sleep(self._backoff.delay_s(self._failures, self._rng))
            else:
                index = answered if answered >= index else 0
                self._learn(found)
                await self._sleep(self._options.pace_s)

    def _wait_s(self) -> float:
        """Return how long to block: while an empty answer is in doubt, until it is not."""
        if self._empty_since_s is None:
            return self._options.wait_s
        doubt_s = self._empty_since_s + self._options.empty_grace_s - self._clock()
        return max(0.0, min(self._options.wait_s, doubt_s))

    def _lose(self, error: ConsulUnavailable) -> None:
        self._failures += 1
        self._empty_since_s = None  # the doubt starts anew with the first answer
        if self._failures == 1:
            self._log.warning("consul lost", reason=str(error), kept=len(self.instances))

    def _learn(self, found: tuple[Instance, ...]) -> None:
        if self._failures:
            self._log.info("consul is back", failures=self._failures)
            self._failures = 0
        if found or not self._doubtful():
            self._empty_since_s = None
            self._know(found)
        self.ready.set()

    def _doubtful(self) -> bool:
        """Say whether an empty answer is too young to be believed."""
        if not self.instances:
            return False
        if self._empty_since_s is None:
            self._empty_since_s = self._clock()
        return self._clock() - self._empty_since_s < self._options.empty_grace_s

    def _know(self, found: tuple[Instance, ...]) -> None:
        if found != self.instances:
            self.instances = found
            self._log.info("peers changed", instances=[each.id for each in found])

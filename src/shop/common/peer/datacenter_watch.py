"""Follows a service in one datacenter by blocking queries, and keeps what it learned last."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Protocol

import structlog

from .backoff import Backoff
from .errors import ConsulUnavailable
from .health import Passing
from .instance import Instance
from .watch_options import WatchOptions


class Query(Protocol):
    """Asks for the passing instances; with an index, once something has changed since."""

    async def __call__(self, *, index: int, wait_s: float) -> Passing:
        """Return them; may raise ConsulUnavailable."""
        ...


class DatacenterWatch:
    """``instances`` is what is known now. ``changed`` is called after every answer and failure.

    ``answered``: Consul has answered at least once. ``heard``: or at least failed to.
    ``connected``: the last query was answered. ``as_of_s``: when what is known was so, by the
    clock. After an error and when the index falls (the agent has lost its state, or another
    server answers that is behind), it asks without index: with an old one it would block for the
    whole wait (Consul's documentation, "Blocking Queries": implementation details).
    """

    def __init__(
        self,
        name: str,
        query: Query,
        options: WatchOptions,
        changed: Callable[[], None],
        *,
        datacenter: str | None,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        rng: Random,
    ) -> None:
        self.instances: tuple[Instance, ...] = ()
        self.datacenter = datacenter
        self.answered = self.heard = self.connected = False
        self.as_of_s = clock()
        self._query = query
        self._options = options
        self._changed = changed
        self._backoff = Backoff(options.retry_first_s, options.retry_max_s)
        self._clock = clock
        self._sleep = sleep
        self._rng = rng
        self._empty_since_s: float | None = None
        self._failures = 0
        where = {"datacenter": datacenter} if datacenter else {}
        self._log = structlog.get_logger().bind(peer=name, **where)
        task_name = f"watch of {name}" + (f" in {datacenter}" if datacenter else "")
        self._task = asyncio.get_running_loop().create_task(self._run(), name=task_name)

    @property
    def vacant(self) -> bool:
        """Say whether Consul is believed that there is no passing instance."""
        return self.answered and not self.instances

    async def close(self) -> None:
        """End the watch."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def cancel(self) -> None:
        """Begin to end the watch."""
        self._task.cancel()

    async def _run(self) -> None:
        index = 0
        while True:
            try:
                answer = await self._query(index=index, wait_s=self._wait_s())
            except ConsulUnavailable as error:
                index = 0
                self._lose(error)
                await self._sleep(self._backoff.delay_s(self._failures, self._rng))
            else:
                index = answer.index if answer.index >= index else 0
                self._learn(answer)
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
        self.heard, self.connected = True, False
        if self._failures == 1:
            self._log.warning("consul lost", reason=str(error), kept=len(self.instances))
        self._changed()

    def _learn(self, answer: Passing) -> None:
        if self._failures:
            self._log.info("consul is back", failures=self._failures)
            self._failures = 0
        self.answered = self.heard = self.connected = True
        self.as_of_s = self._clock() - answer.lag_s
        if answer.instances or not self._doubtful():
            self._empty_since_s = None
            self._know(answer.instances)
        self._changed()

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

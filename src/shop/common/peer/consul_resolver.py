"""Knows from Consul where services run, without asking it on the way of a call."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from .consul_watch import ConsulWatch
from .deadline import current_deadline
from .health import Health
from .instance import Instance
from .resolver import WatchView
from .watch_options import WatchOptions


class ConsulResolver:
    """Watches each service from the first time that it is asked for.

    The first resolve waits for Consul's first answer, ``first_wait_s`` at most. After that resolve
    answers at once from what is known; while Consul is away, from what was known last.
    """

    def __init__(
        self,
        consul: Health,
        options: WatchOptions | None = None,
        *,
        watch: Callable[[str, Health, WatchOptions], ConsulWatch] = ConsulWatch,
    ) -> None:
        self._consul = consul
        self._options = options or WatchOptions()
        self._watch = watch
        self._watches: dict[str, ConsulWatch] = {}
        self._closed = False

    async def resolve(self, service: str) -> Sequence[Instance]:
        """Return the passing instances, sorted by id; see Resolver."""
        watch = self._watches.get(service) or self._begin(service)
        if not watch.ready.is_set():
            await _ready(watch)
        return watch.instances

    def known(self, service: str) -> Sequence[Instance]:
        """Return the passing instances, as far as anything is known yet."""
        watch = self._watches.get(service)
        return watch.instances if watch else ()

    def views(self) -> Mapping[str, WatchView]:
        """Return how well each watched service is known."""
        return {service: watch.view() for service, watch in self._watches.items()}

    async def close(self) -> None:
        """End all watches."""
        self._closed = True
        await asyncio.gather(*(watch.close() for watch in self._watches.values()))

    def _begin(self, service: str) -> ConsulWatch:
        if self._closed:
            raise RuntimeError("the resolver is closed")
        watch = self._watches[service] = self._watch(service, self._consul, self._options)
        return watch


async def _ready(watch: ConsulWatch) -> None:
    deadline = current_deadline()
    try:
        async with asyncio.timeout(deadline.check() if deadline else None):
            await watch.ready.wait()
    except TimeoutError:
        if deadline:
            deadline.check()

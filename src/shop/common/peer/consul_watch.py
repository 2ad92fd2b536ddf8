"""Follows one service: in its own datacenter, and in others while that one has none to offer."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from random import Random, SystemRandom

import structlog

from .datacenter_watch import DatacenterWatch
from .health import Health
from .instance import Instance
from .resolver import WatchView
from .selection import ANY
from .watch_options import WatchOptions


class ConsulWatch:
    """``instances`` is what is known now; ``ready`` is set once there is no use in waiting.

    Must be made where a loop runs. While the own datacenter has no passing instance, all failover
    datacenters are followed and the first of them, in their order, that has one is used; one that
    Consul can no longer reach comes last. The own is followed all the time: one instance there,
    and the others are let go. Where Consul itself is away nothing moves: what is known is kept.
    """

    def __init__(
        self,
        service: str,
        consul: Health,
        options: WatchOptions | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        rng: Random | None = None,
    ) -> None:
        self.instances: tuple[Instance, ...] = ()
        self.ready = asyncio.Event()
        self._options = options = options or WatchOptions()
        self._clock = clock
        self._log = structlog.get_logger().bind(peer=service)
        selection = options.wanted.get(service, ANY)

        def follow(datacenter: str | None) -> DatacenterWatch:
            return DatacenterWatch(
                service,
                partial(consul.passing, service, datacenter=datacenter, selection=selection),
                options,
                self._decide,
                datacenter=datacenter,
                clock=clock,
                sleep=sleep,
                rng=rng or SystemRandom(),
            )

        self._follow = follow
        self._own = self._used = follow(None)
        self._others: tuple[DatacenterWatch, ...] = ()
        loop = asyncio.get_running_loop()
        self._patience = loop.call_later(options.first_wait_s, self.ready.set)

    def view(self) -> WatchView:
        """Return how well the service is known now."""
        used = self._used
        age_s = self._clock() - used.as_of_s
        return WatchView(len(self.instances), age_s, used.connected, used.datacenter)

    async def close(self) -> None:
        """End the watch; whoever still waits for the first answer gets what there is."""
        self._patience.cancel()
        self.ready.set()
        await asyncio.gather(*(each.close() for each in (self._own, *self._others)))

    def _decide(self) -> None:
        """Look elsewhere or come home, and take over what is known where it is best."""
        if not self._own.vacant:
            self._come_home()
        elif not self._others:
            self._others = tuple(map(self._follow, self._options.failover_datacenters))
        best = self._best()
        if best is not None:
            self._use(best)

    def _come_home(self) -> None:
        for each in self._others:
            each.cancel()
        self._others = ()

    def _best(self) -> DatacenterWatch | None:
        """Return the datacenter to use; None: it has to be seen first what the others say."""
        offering = [each for each in self._others if each.instances]
        if offering:
            return next((each for each in offering if each.connected), offering[0])
        return self._own if all(each.heard for each in self._others) else None

    def _use(self, best: DatacenterWatch) -> None:
        if best is not self._used:
            self._log.warning("peers of another datacenter", datacenter=best.datacenter or "own")
            self._used = best
        self.instances = best.instances
        if self._own.answered:
            self.ready.set()

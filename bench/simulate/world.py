"""Clients, instances, and the calls of one run."""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from random import Random

from bench.simulate.agenda import Agenda
from bench.simulate.network import Network, in_place_of_sockets
from bench.simulate.server import Server, Work
from bench.simulate.subset import subset
from bench.simulate.tally import Tally

from shop.common.peer import (
    BreakerOptions,
    BulkheadOptions,
    Instance,
    LeastOutstanding,
    PeakEwmaBalancer,
    PeerClient,
    PeerError,
    PeerOptions,
    RetryBudgetOptions,
    RoundRobin,
    WatchView,
)

BALANCERS = {
    "P2C peak EWMA": PeakEwmaBalancer,
    "least outstanding": LeastOutstanding,
    "round robin": RoundRobin,
}
_NEVER = ("minimum_calls", "consecutive_failures")  # what has to be reached for a breaker to open
NO_BREAKER = BreakerOptions(
    **{each.name: 10**9 for each in fields(BreakerOptions) if each.name in _NEVER}
)
NO_BUDGET = RetryBudgetOptions(reserve=10**9)

# A bulkhead waits by asyncio, which has no loop here; these clients never come near its limit.
_NO_BULKHEAD = BulkheadOptions(max_in_flight=10**9)


@dataclass(frozen=True)
class Setting:
    """``load``: the part of what all instances can do that is asked of them, by calls that come at
    random (Poisson). ``subset``: each client knows so many instances only; None: all.
    """

    instances: int = 100
    clients: int = 100
    workers: int = 1
    service_s: float = 0.01
    sigma: float = 0.5
    load: float = 0.6
    balancer: str = "P2C peak EWMA"
    options: PeerOptions = field(default_factory=lambda: PeerOptions(timeout_s=2.0))
    subset: int | None = None
    sheds: bool = False
    end_s: float = 30.0
    seed: int = 7


class Directory:
    """Is the resolver of one client, and knows what it is told."""

    def __init__(self, known: Sequence[Instance]) -> None:
        self._known = tuple(known)

    def learn(self, known: Sequence[Instance]) -> None:
        self._known = tuple(known)

    async def resolve(self, _service: str) -> Sequence[Instance]:
        return self._known

    def known(self, _service: str) -> Sequence[Instance]:
        return self._known

    def views(self) -> Mapping[str, WatchView]:
        return {}

    async def close(self) -> None:
        pass


class World:
    """All that takes part in a run. ``spare`` instances are there, but no client knows them yet."""

    def __init__(self, setting: Setting, spare: int = 0) -> None:
        self.setting = setting
        self.agenda = Agenda()
        self.rng = Random(f"{setting.seed} world")
        self.load = setting.load
        count = setting.instances + spare
        self.tally = Tally(count, setting.end_s)
        work = Work(setting.service_s, setting.sigma, Random(f"{setting.seed} work"))
        self.servers = [Server(n, setting.workers, work, setting.sheds) for n in range(count)]
        self.instances = [Instance("peer", str(n), f"http://{n}") for n in range(count)]
        self.directories: list[Directory] = []
        network = Network(self.agenda, self.servers, self.tally)
        self._clients = [self._client(n, network) for n in range(setting.clients)]
        self._per_s = setting.workers / setting.service_s * setting.instances

    def run(self, count_from_s: float = 0.0) -> Tally:
        """Let callers call until the end, and wait for what they began.

        Requests per instance count from ``count_from_s``.
        """
        self.agenda.at(count_from_s, self.tally.forget_instances)
        with in_place_of_sockets(), _few_collections():
            self._arrive(None)
            self.agenda.run()
        return self.tally

    def _client(self, number: int, network: Network) -> PeerClient:
        setting, known = self.setting, self.instances[: self.setting.instances]
        if setting.subset is not None:
            known = subset(known, number, setting.subset)
        directory = Directory(known)
        self.directories.append(directory)
        rng = Random(f"{setting.seed} client {number}")
        return PeerClient(
            "peer",
            directory,
            network,
            balancer=BALANCERS[setting.balancer](rng),
            options=replace(setting.options, bulkhead=_NO_BULKHEAD),
            rng=rng,
            sleep=self.agenda.sleep,
            clock=self.agenda.clock,
        )

    def _arrive(self, client: PeerClient | None) -> None:
        """Begin a call, and enter the next one."""
        if client is not None:
            self.agenda.begin(self._call(client))
        next_s = self.agenda.now_s + self.rng.expovariate(self._per_s * self.load)
        if next_s < self.setting.end_s:
            self.agenda.at(next_s, self._arrive, self.rng.choice(self._clients))

    async def _call(self, client: PeerClient) -> None:
        began_s = self.agenda.now_s
        self.tally.began(began_s)
        try:
            await client.call("GET", "/")
        except PeerError:
            self.tally.ended(False, began_s, self.agenda.now_s)
        else:
            self.tally.ended(True, began_s, self.agenda.now_s)


@contextmanager
def _few_collections() -> Iterator[None]:
    """Keep the collector from walking a hundred thousand breakers again and again."""
    thresholds = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()

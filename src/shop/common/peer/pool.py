"""What one client knows of all instances of a service."""

from collections.abc import Callable, Sequence
from math import inf
from random import Random
from statistics import median

import structlog

from .breaker import Breaker, BreakerOptions, State
from .endpoint import Endpoint, LoadOptions
from .events import PeerListener
from .instance import Instance

_log = structlog.get_logger()


class Pool:
    """Follows the instances as the resolver names them, and keeps what was learned of each.

    What is known of one that went is kept for ``forget_after_s``: one that comes and goes is not
    taken for a new one each time.
    """

    def __init__(
        self,
        service: str,
        breaker: BreakerOptions,
        load: LoadOptions,
        listener: PeerListener,
        rng: Random,
        forget_after_s: float = 60.0,
    ) -> None:
        self.endpoints: Sequence[Endpoint] = ()
        self.closed: Sequence[Endpoint] = ()  # those whose breaker is closed
        self.suspects: Sequence[Endpoint] = ()  # the others
        self._service = service
        self._breaker = breaker
        self._load = load
        self._listener = listener
        self._rng = rng
        self._forget_after_s = forget_after_s
        self._named: Sequence[Instance] | None = None
        self._known: dict[Instance, Endpoint] = {}
        self._gone_at_s: dict[Instance, float] = {}
        self._forget_at_s = inf

    def follow(self, instances: Sequence[Instance], now_s: float) -> Sequence[Endpoint]:
        """Return the endpoints of these instances; cheap while it is the same object as before."""
        if instances is not self._named:
            self._adopt(instances, now_s)
        elif now_s >= self._forget_at_s:
            self._forget(now_s)
        return self.endpoints

    def _adopt(self, instances: Sequence[Instance], now_s: float) -> None:
        warm = not self._known  # the first ones are all equally new: there is nobody to spare them
        usual_s = self._usual_s(now_s)
        for instance in instances:
            self._gone_at_s.pop(instance, None)
            if instance not in self._known:
                self._known[instance] = self._meet(instance, now_s, usual_s, warm)
        self.endpoints = tuple(self._known[instance] for instance in instances)
        self._named = instances
        self._forget(now_s)
        self._look()

    def _meet(self, instance: Instance, now_s: float, usual_s: float, warm: bool) -> Endpoint:
        breaker = Breaker(self._breaker, rng=self._rng, on_change=self._teller(instance))
        return Endpoint(instance, breaker, self._load, now_s=now_s, initial_s=usual_s, warm=warm)

    def _usual_s(self, now_s: float) -> float:
        if not self.endpoints:
            return self._load.initial_s
        return median(each.latency.estimate_s(now_s) for each in self.endpoints)

    def _forget(self, now_s: float) -> None:
        named = {each.instance for each in self.endpoints}
        for instance in [each for each in self._known if each not in named]:
            gone_at_s = self._gone_at_s.setdefault(instance, now_s)
            if now_s - gone_at_s >= self._forget_after_s:
                del self._known[instance], self._gone_at_s[instance]
                self._listener.forgotten(self._service, instance)
        self._forget_at_s = min(self._gone_at_s.values(), default=inf) + self._forget_after_s

    def _look(self) -> None:
        """Tell the well ones from the others: at each change, since that is seldom."""
        closed = [each for each in self.endpoints if each.breaker.state is State.CLOSED]
        if len(closed) == len(self.endpoints):
            self.closed, self.suspects = self.endpoints, ()
        else:
            self.closed = tuple(closed)
            self.suspects = tuple(
                each for each in self.endpoints if each.breaker.state is not State.CLOSED
            )

    def _teller(self, instance: Instance) -> Callable[[State, State, str], None]:
        def tell(before: State, after: State, why: str) -> None:
            self._look()
            log = _log.warning if after is State.OPEN else _log.info
            log(
                f"breaker {after.value}",
                peer=self._service,
                instance=instance.id,
                was=before.value,
                reason=why,
            )
            self._listener.breaker_changed(self._service, instance, before, after, why)

        return tell

"""The instance that a call goes to, of those that may be called now."""

from collections.abc import Collection, Sequence

from .balancer import Balancer
from .breaker import State
from .endpoint import Endpoint
from .pool import Pool
from .resolver import Resolver
from .zone import nearest


class Picker:
    """Leaves out what a breaker keeps shut, prefers the own zone, and lets the balancer choose."""

    def __init__(
        self, service: str, resolver: Resolver, pool: Pool, balancer: Balancer, zone: str | None
    ) -> None:
        self._service = service
        self._resolver = resolver
        self._pool = pool
        self._balancer = balancer
        self._zone = zone

    async def pick(
        self, tried: Collection[Endpoint], now_s: float, *, may_probe: bool = True
    ) -> Endpoint | None:
        """Return one that may be called, if possible none that was tried; None: there is none.

        With ``may_probe``, for a call that could be tried again, one that waits for a probe goes
        first: the balancer would not come to what it remembers as bad.
        Waits only where nothing has been heard of the service yet.
        """
        instances = await self._resolver.resolve(self._service)
        allowed = self._allowed(self._pool.follow(instances, now_s), now_s)
        if tried:
            allowed = [each for each in allowed if each not in tried] or allowed
        if not allowed:
            return None
        if may_probe and not self._pool.all_closed:
            for each in allowed:
                if each.breaker.state is not State.CLOSED:
                    return each
        return self._balancer.pick(nearest(allowed, self._zone, _zone_of), now_s)

    def has_fresh(self, tried: Collection[Endpoint], now_s: float) -> bool:
        """Say whether one may be called that was not tried."""
        return any(each not in tried for each in self._allowed(self._pool.endpoints, now_s))

    def _allowed(self, endpoints: Sequence[Endpoint], now_s: float) -> Sequence[Endpoint]:
        if self._pool.all_closed:
            return endpoints
        # A list, since it is made anew for each call: ``nearest`` would remember a tuple.
        return [each for each in endpoints if each.breaker.admits(now_s)]


def _zone_of(endpoint: Endpoint) -> str | None:
    return endpoint.instance.zone

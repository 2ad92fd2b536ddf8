"""The instance that a call goes to, of those that may be called now."""

from collections.abc import Collection

from .balancer import Balancer
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

    async def ready(self) -> None:
        """Wait until anything has been heard of the service, as long as the resolver does."""
        await self._resolver.resolve(self._service)

    def pick(
        self, tried: Collection[Endpoint], now_s: float, *, may_probe: bool = True
    ) -> Endpoint | None:
        """Return one that may be called, if possible none that was tried; None: there is none.

        With ``may_probe``, for a call that could be tried again, one that waits for a probe goes
        first: the balancer would not come to what it remembers as bad. One probe at a time, and no
        other such call goes there: with one that hangs, each probe costs a caller its share of the
        time.
        """
        pool = self._pool
        pool.follow(self._resolver.known(self._service), now_s)
        allowed = pool.closed
        if pool.suspects:
            admitted = [each for each in pool.suspects if each.breaker.admits(now_s)]
            if may_probe:
                for each in admitted:
                    if not each.breaker.probing and each not in tried:
                        return each
            if not may_probe or all(each in tried for each in allowed):
                allowed = [*allowed, *admitted]
        if tried:
            allowed = [each for each in allowed if each not in tried] or allowed
        if not allowed:
            return None
        if self._zone:
            allowed = nearest(allowed, self._zone, _zone_of)
        return allowed[0] if len(allowed) == 1 else self._balancer.pick(allowed, now_s)

    def has_fresh(self, tried: Collection[Endpoint], now_s: float) -> bool:
        """Say whether one may be called that was not tried."""
        return any(each not in tried for each in self._pool.closed) or any(
            each.breaker.admits(now_s) and each not in tried for each in self._pool.suspects
        )


def _zone_of(endpoint: Endpoint) -> str | None:
    return endpoint.instance.zone

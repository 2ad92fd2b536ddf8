"""How often a caller may ask a service: reads and writes apart, by token or else by address."""

import functools
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy
from prometheus_client import CollectorRegistry, Counter

from shop.common.caller import Caller, Kind, current
from shop.common.config import HttpConfig, RedisConfig
from shop.common.rate import FORWARDED, Addresses, Limiter, Rate, RateLimited, opened
from shop.common.web.rate_metrics import RateMetrics
from shop.common.web.spec import Operation

_READS = ("GET", "HEAD")
Headers = CIMultiDict[str] | CIMultiDictProxy[str]


class Rates:
    """The limits of one service; those that are 0 are not there, and cost nothing."""

    def __init__(self, config: HttpConfig, registry: CollectorRegistry) -> None:
        rates = {"reads": config.rate_reads, "writes": config.rate_writes}
        self.limiters = {
            name: Limiter(Rate(per_s, max(1, math.ceil(per_s * config.rate_burst_s))))
            for name, per_s in rates.items()
            if per_s
        }
        self._addresses = Addresses(config.trusted_hops)
        self._refused = Counter(
            "shop_http_rate_limited",
            "Requests refused since their caller asks too often.",
            ["limit"],
            registry=registry,
        )
        for name in self.limiters:
            self._refused.labels(name)
        RateMetrics(registry, self.limiters)

    def check_for(self, operation: Operation) -> Callable[[web.Request], None] | None:
        """Return what raises RateLimited for a request of an operation; None: there is no limit."""
        name = "reads" if operation.method in _READS else "writes"
        limiter = self.limiters.get(name)
        return None if limiter is None else functools.partial(self._check, name, limiter)

    @property
    def of_reads(self) -> "ReadRate | None":
        """Return the limit of those who read without a token, and need no request of aiohttp's."""
        limiter = self.limiters.get("reads")
        return None if limiter is None else ReadRate(self.address, limiter)

    def address(self, peer: object, headers: Headers) -> str | None:
        """Return what a caller without a token is counted by; None: not at all.

        ``peer``: the socket's name of who called.
        """
        host = peer[0] if isinstance(peer, tuple) else ""
        forwarded = headers.getall(FORWARDED, ()) if self._addresses.hops else ()
        return self._addresses.of(host, cast(tuple[str, ...], forwarded))

    def _check(self, name: str, limiter: Limiter, request: web.Request) -> None:
        caller = current()
        if caller.kind is Kind.SERVICE:
            return
        if caller.kind is Kind.ANYONE:
            transport = request.transport
            peer = transport.get_extra_info("peername") if transport is not None else None
            counted_by = self.address(peer, request.headers)
        else:
            counted_by = _of(caller)
        if counted_by is None:
            return
        wait_s = limiter.spend(counted_by)
        if wait_s:
            self._refused.labels(name).inc()
            raise RateLimited(wait_s)


class ReadRate:
    """The limit of reads, for callers without a token."""

    def __init__(self, address: Callable[[object, Headers], str | None], limiter: Limiter) -> None:
        self.caller = address
        self.spend, self.give_back = limiter.spend, limiter.give_back


RATES: web.AppKey[Rates] = web.AppKey("rates", Rates)


@asynccontextmanager
async def rates_shared(
    app: web.Application, config: RedisConfig, namespace: str
) -> AsyncIterator[None]:
    """Have all instances of a service hold its callers to their rates together."""
    async with opened(list(app[RATES].limiters.items()), config, namespace):
        yield


def _of(caller: Caller) -> str:
    """Return what a caller with a token is counted by, never as long as a token may be."""
    return f"{caller.kind}:{caller.subject[:100]}"

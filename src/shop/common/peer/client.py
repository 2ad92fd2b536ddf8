"""Calling another service by its name."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp
import orjson
import structlog

from .asker import Asker
from .attempt import Failure, PeerRequest, PeerResponse
from .balancer import Balancer, PeakEwmaBalancer
from .breaker import BreakerOptions
from .budget import RetryBudget, RetryBudgetOptions
from .bulkhead import Bulkhead, BulkheadFull, BulkheadOptions
from .deadline import Deadline, current_deadline, deadline_scope
from .endpoint import Endpoint, LoadOptions
from .events import PeerListener
from .hedge import HedgeDelay, HedgeOptions
from .picker import Picker
from .pool import Pool
from .refusals import Refusals
from .resolver import Resolver
from .retry import IDEMPOTENT_METHODS, Retry, RetryOptions
from .trail import Trail
from .view import InstanceView, PeerView

_log = structlog.get_logger()


@dataclass(frozen=True)
class PeerOptions:
    """``timeout_s`` is for calls that name none; ``retry_after_s`` where the peer says nothing.

    ``zone``: instances of this zone are asked as long as one of them may be. ``hedge``: GETs are
    hedged; None: none is.
    """

    timeout_s: float = 5.0
    retry_after_s: float = 1.0
    zone: str | None = None
    retry: RetryOptions = field(default_factory=RetryOptions)
    budget: RetryBudgetOptions = field(default_factory=RetryBudgetOptions)
    breaker: BreakerOptions = field(default_factory=BreakerOptions)
    bulkhead: BulkheadOptions = field(default_factory=BulkheadOptions)
    load: LoadOptions = field(default_factory=LoadOptions)
    hedge: HedgeOptions | None = None


class PeerClient:
    """Calls one service: finds its instances, chooses one, and another if that one fails.

    ``headers`` is asked once per call for what every request carries (request id, trace).
    """

    def __init__(
        self,
        service: str,
        resolver: Resolver,
        session: aiohttp.ClientSession,
        *,
        balancer: Balancer | None = None,
        options: PeerOptions = PeerOptions(),
        headers: Callable[[], Mapping[str, str]] = dict,
        listener: PeerListener | None = None,
        rng: Random | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        rng = rng or Random()  # noqa: S311
        listener = listener or PeerListener()
        pool = Pool(service, options.breaker, options.load, listener, rng)
        balancer = balancer or PeakEwmaBalancer(rng)
        picker = Picker(service, resolver, pool, balancer, options.zone)
        budget = RetryBudget(options.budget)
        hedge = HedgeDelay(options.hedge) if options.hedge else None
        self._service = service
        self._options = options
        self._headers = headers
        self._listener = listener
        self._pool = pool
        self._picker = picker
        self._asker = Asker(service, session, picker, budget, hedge, listener, clock)
        self._retry = Retry(options.retry, rng)
        self._refusals = Refusals(service, options.retry_after_s, listener)
        self._budget = budget
        self._bulkhead = Bulkhead(options.bulkhead)
        self._hedge = hedge
        self._sleep = sleep
        self._clock = clock
        self._ready = False

    async def call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool | None = None,
        timeout_s: float | None = None,
    ) -> PeerResponse:
        """Return the answer, whatever its status below 500. ``json=None`` sends no body.

        Due within ``timeout_s`` (None: that of the options), and never past the current deadline.
        ``idempotent`` overrules what the method says about whether it may be tried again.
        Raises PeerUnavailable, or DeadlineExceeded; both say whether it may have happened.
        """
        now_s = self._clock()
        request = self._request(method, path, json, headers)
        trail = self._trail(request, idempotent, timeout_s, now_s)
        if not self._bulkhead.try_enter():
            now_s = await self._wait(trail)
        try:
            self._budget.count_call(now_s)
            if not self._ready:
                now_s = await self._first(trail)
            while True:
                endpoint = self._pick(trail, now_s)
                outcome = await self._asker.ask(endpoint, trail, now_s)
                if isinstance(outcome, PeerResponse):
                    return outcome
                now_s = await self._pause(outcome, trail)
        finally:
            self._bulkhead.leave()

    def view(self) -> PeerView:
        """Return what is known of the peer now."""
        now_s = self._clock()
        return PeerView(
            self._service,
            tuple(InstanceView.of(each, now_s) for each in self._pool.endpoints),
            self._bulkhead.in_flight,
            self._bulkhead.waiting,
            self._budget.left(now_s),
            self._hedge.delay_s if self._hedge else None,
        )

    def _request(
        self, method: str, path: str, json: Any, headers: Mapping[str, str] | None
    ) -> PeerRequest:
        if not path.startswith("/"):
            raise ValueError(f"a path starts with a slash: {path!r}")
        merged = {**self._headers(), **headers} if headers else self._headers()
        if json is None:
            return PeerRequest(method.upper(), path, merged)
        if not any(name.lower() == "content-type" for name in merged):
            merged = {**merged, "Content-Type": "application/json"}
        return PeerRequest(method.upper(), path, merged, orjson.dumps(json))

    def _trail(
        self, request: PeerRequest, idempotent: bool | None, timeout_s: float | None, now_s: float
    ) -> Trail:
        due_s = now_s + (self._options.timeout_s if timeout_s is None else timeout_s)
        current = current_deadline()
        if current is not None and current.at_s < due_s:
            due_s = current.at_s
        if idempotent is None:
            idempotent = request.method in IDEMPOTENT_METHODS
        return Trail(request, due_s, self._options.retry.max_attempts, idempotent)

    async def _wait(self, trail: Trail) -> float:
        """Wait for a place; return what time it is then."""
        try:
            await self._bulkhead.enter(Deadline(trail.due_s, self._clock).check())
        except BulkheadFull:
            raise self._refusals.crowded(trail) from None
        return self._clock()

    async def _first(self, trail: Trail) -> float:
        """Wait until anything has been heard of the peer; return what time it is then."""
        with deadline_scope(Deadline(trail.due_s, self._clock)):
            await self._picker.ready()
        self._ready = True
        return self._clock()

    def _pick(self, trail: Trail, now_s: float) -> Endpoint:
        """Return the one to ask; raise if there is none, or if the time ran out while waiting."""
        may_probe = trail.idempotent and trail.left > 1
        endpoint = self._picker.pick(trail.tried, now_s, may_probe=may_probe)
        if endpoint is None:
            raise self._refusals.nobody(self._pool.endpoints, trail, now_s)
        if now_s >= trail.due_s:  # no instance is to blame for that
            raise self._refusals.late("the time ran out before it was asked", trail)
        return endpoint

    async def _pause(self, failure: Failure, trail: Trail) -> float:
        """Wait before the next attempt; return what time it is then. Raise if none shall be."""
        _log.debug("peer attempt failed", peer=self._service, reason=failure.reason)
        now_s = self._clock()
        if not trail.may_go_on(now_s):
            raise self._refusals.failed(failure, trail, now_s)
        # What one instance asks for does not bind the others: a fresh one is asked sooner.
        fresh = self._picker.has_fresh(trail.tried, now_s)
        delay_s = self._retry.delay_s(len(trail.tried), None if fresh else failure.retry_after_s)
        if now_s + delay_s >= trail.due_s:
            raise self._refusals.failed(failure, trail, now_s)
        if not self._budget.spend(now_s):
            self._listener.rejected(self._service, "budget")
            raise self._refusals.failed(failure, trail, now_s)
        self._listener.retried(self._service)
        await self._sleep(delay_s)
        return self._clock()

"""Calling another service by its name."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp
import orjson
import structlog

from .attempt import Failure, PeerRequest, PeerResponse, attempt
from .balancer import Balancer, RoundRobin
from .deadline import Deadline, current_deadline, deadline_scope
from .errors import DeadlineExceeded, PeerError, PeerUnavailable
from .instance import Instance
from .resolver import Resolver
from .retry import Retry, RetryOptions

_log = structlog.get_logger()


@dataclass(frozen=True)
class PeerOptions:
    """``timeout_s`` is for calls that name none; ``retry_after_s`` where the peer says nothing."""

    timeout_s: float = 5.0
    retry_after_s: float = 1.0
    retry: RetryOptions = field(default_factory=RetryOptions)


@dataclass(slots=True)
class _Trail:
    """What has been tried for one call."""

    attempts: int
    tried: list[Instance] = field(default_factory=list)
    may_have_happened: bool = False

    def left(self) -> int:
        return self.attempts - len(self.tried)

    def add(self, instance: Instance, failure: Failure) -> None:
        self.tried.append(instance)
        self.may_have_happened |= failure.may_have_happened


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
        rng: Random | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service = service
        self._resolver = resolver
        self._session = session
        self._balancer = balancer or RoundRobin(rng)
        self._options = options
        self._retry = Retry(options.retry, rng)
        self._headers = headers
        self._sleep = sleep
        self._clock = clock

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
        request = self._request(method, path, json, headers)
        deadline = self._deadline(timeout_s)
        deadline.check()
        with deadline_scope(deadline):
            return await self._ask(
                request, deadline, _Trail(self._retry.attempts(request.method, idempotent))
            )

    def _request(
        self, method: str, path: str, json: Any, headers: Mapping[str, str] | None
    ) -> PeerRequest:
        if not path.startswith("/"):
            raise ValueError(f"a path starts with a slash: {path!r}")
        merged = {**self._headers(), **(headers or {})}
        if json is None:
            return PeerRequest(method.upper(), path, merged)
        if not any(name.lower() == "content-type" for name in merged):
            merged["Content-Type"] = "application/json"
        return PeerRequest(method.upper(), path, merged, orjson.dumps(json))

    def _deadline(self, timeout_s: float | None) -> Deadline:
        own = Deadline.after(
            self._options.timeout_s if timeout_s is None else timeout_s, self._clock
        )
        current = current_deadline()
        return own if current is None or own.remaining_s() < current.remaining_s() else current

    async def _ask(self, request: PeerRequest, deadline: Deadline, trail: _Trail) -> PeerResponse:
        while True:
            instance = self._choose(await self._resolver.resolve(self._service), trail)
            share_s = deadline.remaining_s() / trail.left()
            outcome = await attempt(self._session, instance, request, share_s)
            if isinstance(outcome, PeerResponse):
                return outcome
            trail.add(instance, outcome)
            await self._pause(outcome, deadline, trail)

    def _choose(self, instances: Sequence[Instance], trail: _Trail) -> Instance:
        if instances:
            return self._balancer.pick(instances, avoid=trail.tried)
        raise PeerUnavailable(
            self._service,
            "no instance is known",
            self._options.retry_after_s,
            may_have_happened=trail.may_have_happened,
        )

    async def _pause(self, failure: Failure, deadline: Deadline, trail: _Trail) -> None:
        """Wait before the next attempt; raise if there shall be none."""
        _log.debug("peer attempt failed", peer=self._service, reason=failure.reason)
        if not failure.may_be_retried or not trail.left() or not deadline.remaining_s():
            raise self._error(failure, deadline, trail)
        # What one instance asks for does not bind the others: a fresh one is asked sooner.
        known = await self._resolver.resolve(self._service)
        fresh = any(each not in trail.tried for each in known)
        delay_s = self._retry.delay_s(len(trail.tried), None if fresh else failure.retry_after_s)
        if delay_s >= deadline.remaining_s():
            raise self._error(failure, deadline, trail)
        await self._sleep(delay_s)

    def _error(self, failure: Failure, deadline: Deadline, trail: _Trail) -> PeerError:
        # The last attempt had all the time there was, or there is too little left for another.
        if failure.timed_out or not deadline.remaining_s():
            return DeadlineExceeded(
                f"{self._service}: {failure.reason}", may_have_happened=trail.may_have_happened
            )
        return PeerUnavailable(
            self._service,
            failure.reason,
            self._options.retry_after_s if failure.retry_after_s is None else failure.retry_after_s,
            may_have_happened=trail.may_have_happened,
        )

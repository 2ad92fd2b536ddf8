"""What is told of requests that are refused: an answer, a count, one line of log per episode."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge

from shop.common.errors import Unavailable
from shop.common.web import problems
from shop.common.web.shedding import FULL, OVERLOADED, Refusal, Shedding

log = structlog.get_logger()

QUIET_S = 5.0  # so long after the last refusal, an overload is over


class Timer(Protocol):
    """What waits to be called."""

    def cancel(self) -> None:
        """Call it no more."""


Later = Callable[[float, Callable[[], None]], Timer]


class Overloaded(Unavailable):
    """More requests are in flight than can be answered in time; this one was not begun."""

    code = "overloaded"
    title = "There are too many requests"


class Admission:
    """Lets requests in, or answers at their arrival that they are not let in."""

    def __init__(
        self, shedding: Shedding, registry: CollectorRegistry, later: Later | None = None
    ) -> None:
        self._shedding = shedding
        self._later = later
        self._timer: Timer | None = None
        self._refused = self._refused_before = 0
        self.leave, self.withdraw = shedding.leave, shedding.withdraw
        in_flight = Gauge(
            "shop_http_in_flight", "Requests of operations being served.", registry=registry
        )
        in_flight.set_function(lambda: shedding.in_flight)
        self._shed = Counter(
            "shop_http_shed",
            "Requests refused since they could not be answered in their time.",
            ["reason"],
            registry=registry,
        )
        for reason in (FULL, OVERLOADED):
            self._shed.labels(reason)

    def enter(self, operation: str, left_s: float) -> web.Response | None:
        """Let a request in and return None, or return the answer of one that is not let in.

        ``leave`` must follow where it was let in, and only there.
        """
        refusal = self._shedding.enter(operation, left_s)
        return None if refusal is None else self._refuse(operation, refusal)

    def admits(self, operation: str, left_s: float) -> bool:
        """Let a request in, if it may; otherwise nothing was decided: ``enter`` does that.

        ``leave`` or ``withdraw`` must follow where it was let in, and only there.
        """
        return self._shedding.enter(operation, left_s) is None

    @contextmanager
    def aside(self, operation: str) -> Iterator[None]:
        """Let a request that was let in take no place while it waits for its own caller.

        Raises Overloaded where all places are taken when it comes back.
        """
        self.withdraw(operation)
        try:
            yield
        finally:
            has_room = self._shedding.return_to(operation)
        if not has_room:
            raise self._count(operation, Refusal(FULL, 1.0))

    async def close(self, _: web.Application) -> None:
        """Say no more of an overload, now that the service ends."""
        if self._timer:
            self._timer.cancel()

    def _refuse(self, operation: str, refusal: Refusal) -> web.Response:
        return problems.of_shop_error(self._count(operation, refusal))

    def _count(self, operation: str, refusal: Refusal) -> Overloaded:
        self._shed.labels(refusal.reason).inc()
        if not self._refused:
            log.warning(
                "overloaded",
                operation=operation,
                reason=refusal.reason,
                in_flight=self._shedding.in_flight,
            )
            self._look_again()
        self._refused += 1
        detail = "There are more requests than can be answered in time; nothing was done for this."
        return Overloaded(detail, retry_after_s=refusal.retry_after_s)

    def _look_again(self) -> None:
        later = self._later or asyncio.get_running_loop().call_later
        self._timer = later(QUIET_S, self._look)

    def _look(self) -> None:
        """Say that the overload is over where none was refused since the last look."""
        if self._refused > self._refused_before:
            self._refused_before = self._refused
            self._look_again()
            return
        log.info("overload over", refused=self._refused)
        self._refused = self._refused_before = 0


ADMISSION: web.AppKey[Admission] = web.AppKey("admission", Admission)

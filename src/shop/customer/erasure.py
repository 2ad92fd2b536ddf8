"""A deleted customer is gone everywhere, whatever dies on the way; and others are told.

The trace that is left behind comes first, the customer's document goes, then all else that is kept
about them; last the trace says when, and is read from then on by who keeps something of the
customer too. A trace that was begun and not finished is taken up by a sweep of any instance.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from shop.common import clock
from shop.common.clock import Clock
from shop.common.errors import ShopError
from shop.common.page import Page
from shop.customer.errors import BeingDeleted, NoSuchCustomer
from shop.customer.model import CustomerStatus, Erasure

ABANDONED_AFTER = timedelta(seconds=60)
"""Longer than a deletion holds its claim, and than any request lasts."""

BATCH = 100

log = structlog.get_logger()


class ErasureStore(Protocol):
    """Where traces of deleted customers are kept: an id and times, nothing of the person."""

    async def begin(self, customer_id: str, at: datetime) -> None:
        """Note that a customer is about to be deleted."""

    async def finish(self, customer_id: str, at: datetime) -> None:
        """Show what was begun as done, from this time on."""

    async def give_up(self, customer_id: str, begun_at: datetime) -> None:
        """Take away what was begun then, for a customer that is there all the same."""

    async def begun(self, before: datetime, limit: int) -> list[tuple[str, datetime]]:
        """Return what was begun before that and is not finished, and when it was."""

    async def find(
        self, *, limit: int, cursor: str | None, since: datetime | None
    ) -> Page[Erasure]:
        """Return one page, the latest first."""


class Who(Protocol):
    """Who can tell whether a customer is there."""

    async def admit(self, customer_id: str, at: datetime) -> CustomerStatus:
        """Return the status, and end a lapsed deletion; raise NoSuchCustomer or BeingDeleted."""


class Links(Protocol):
    """Where links are kept."""

    async def forget(self, customer_id: str) -> None:
        """Delete all of a customer's, without a trace."""


class Answers(Protocol):
    """Where answers are remembered, for who asks again."""

    async def erase(self, resource_id: str) -> None:
        """Forget what was answered about the making of this resource."""


class Eraser:
    """Erases what is kept of a customer beside their document; what it does may be repeated."""

    def __init__(
        self,
        customers: Who,
        links: Links,
        answers: Answers,
        erasures: ErasureStore,
        clock: Clock = clock.now,
    ) -> None:
        self._customers = customers
        self._links = links
        self._answers = answers
        self._erasures = erasures
        self._now = clock
        self.find = erasures.find

    async def begin(self, customer_id: str) -> None:
        """Leave the trace, before the customer's document goes."""
        await self._erasures.begin(customer_id, self._now())

    async def finish(self, customer_id: str) -> None:
        """Erase the rest, now that the document is gone, and show the trace."""
        await self._links.forget(customer_id)
        await self._answers.erase(customer_id)
        await self._erasures.finish(customer_id, self._now())

    async def run(
        self,
        interval_s: float = 30.0,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Sweep about every ``interval_s`` until cancelled; the jitter keeps instances apart."""
        while True:
            try:
                await self.sweep_once()
            except ShopError as error:
                log.warning("erasures left for later", code=error.code, detail=error.detail)
            except Exception:
                log.exception("erasures left for later")
            await sleep(interval_s * (0.5 + chance()))

    async def sweep_once(self) -> None:
        """End what was abandoned: finish it, or give it up where the customer is still there."""
        before = self._now() - ABANDONED_AFTER
        for customer_id, begun_at in await self._erasures.begun(before, BATCH):
            try:
                await self._customers.admit(customer_id, self._now())
            except NoSuchCustomer:
                await self.finish(customer_id)
            except BeingDeleted:
                continue
            else:  # and no deletion that was begun before can succeed any more
                await self._erasures.give_up(customer_id, begun_at)

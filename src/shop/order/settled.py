"""New orders that are stored, on their way into the audit trail.

Who stored them still has their entries in hand, so nobody has to look for them, and none of the
orders is written once more to say that they are there. What makes sure of it is the batch that they
arrived in (``shop.order.intake``): it goes when the last of its orders is stored and in the trail.
Where that fails, or the process dies, it stays until it is due, and who recovers it has its orders
copied.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

import structlog

from shop.common.errors import ShopError
from shop.common.mongo import Document
from shop.order.accepted import Accepted, Batch
from shop.order.audit_records import record, uncopied

MOST = 200
"""So many go together at most: one command must not take long."""

log = structlog.get_logger()


class Trail(Protocol):
    """Where it is kept who did what."""

    async def keep(self, records: Sequence[Document]) -> None:
        """Insert what is not there yet of these records; raise Unavailable."""


class Intake(Protocol):
    """Where the batches are."""

    async def drop(self, batch_ids: Sequence[str]) -> None:
        """Let batches go that are not needed any more; raise Unavailable."""


class Settled:
    """Those of this process; for ``rest_s`` they wait for those that follow, and go together."""

    def __init__(self, intake: Intake, trail: Trail, rest_s: float = 0.25) -> None:
        self._intake = intake
        self._trail = trail
        self._rest_s = rest_s
        self._waiting: list[tuple[Batch, Document]] = []
        self._stopping = asyncio.Event()

    def add(self, accepted: Accepted, stored: Document) -> None:
        """Take an order that was just stored as this document.

        Only its record waits: what lives for long costs the garbage collector some time.
        """
        self._waiting.append((accepted.batch, record(accepted.order.id, uncopied(stored))))

    def stop(self) -> None:
        """Let ``run`` return once all that was added is in the trail."""
        self._stopping.set()

    async def run(self) -> None:
        """Bring them into the trail, all those of a moment together, until ``stop``."""
        while not self._stopping.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(self._rest_s):
                    await self._stopping.wait()
            await self.flush()
        await self.flush()

    async def flush(self) -> None:
        """Bring into the trail what was added; leave to the batches what cannot be now."""
        waiting, self._waiting = self._waiting, []
        try:
            for begin in range(0, len(waiting), MOST):
                await self._bring(waiting[begin : begin + MOST])
        except ShopError as error:
            log.warning("new orders wait for the audit trail", code=error.code, detail=error.detail)
        except Exception:
            log.exception("new orders wait for the audit trail")

    async def _bring(self, some: Sequence[tuple[Batch, Document]]) -> None:
        await self._trail.keep([new for _, new in some])
        for batch, new in some:
            batch.left.discard(new["orderId"])
        if done := {batch.id for batch, _ in some if not batch.left}:
            await self._intake.drop([*done])

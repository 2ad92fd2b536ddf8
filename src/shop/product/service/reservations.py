"""Holding stock for orders."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta

from shop.common.errors import Unavailable
from shop.common.page import Page
from shop.product.errors import (
    ReservationDiffers,
    ReservationExpired,
    ReservationNotFound,
    ReservationReleased,
    StaleVersion,
)
from shop.product.model import Hold, Op, Reservation, State
from shop.product.service.lines import Items, Wanted, priced, refusal_of, summed
from shop.product.service.movements import LEASE, PAUSES_S, Movements
from shop.product.service.stores import ReservationJournal, Shelf
from shop.product.service.takes import Reserved, Takes


class Unsettled(Unavailable):
    """Somebody else is still busy with the same order."""

    def __init__(self, order_id: str) -> None:
        super().__init__(f"The reservation of order {order_id} is being settled; try again.")


class Reservations:
    """Holds stock for an order, all lines or none, and ends the hold in one way or the other.

    Everything here may be repeated: the order id makes it the same call.
    """

    def __init__(
        self,
        shelf: Shelf,
        journal: ReservationJournal,
        *,
        lease: timedelta = LEASE,
        pauses_s: Iterable[float] = PAUSES_S,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._shelf = shelf
        self._journal = journal
        self._movements = Movements(shelf, journal, lease)
        self._takes = Takes(shelf, journal, lease)
        self._lease = lease
        self._pauses_s = tuple(pauses_s)
        self._sleep = sleep

    async def get(self, order_id: str) -> Reservation:
        """Return the reservation of an order; raise ReservationNotFound."""
        found = await self._known(order_id)
        if found is None:
            raise ReservationNotFound(order_id)
        return found

    async def find(
        self, *, limit: int, cursor: str | None = None, state: str | None = None
    ) -> Page[Reservation]:
        """Return a page of the reservations, newest order first; raise InvalidCursor."""
        return await self._journal.find(State(state) if state else None, cursor, limit)

    async def reserve(
        self,
        order_id: str,
        wanted: Sequence[Wanted],
        ttl: timedelta,
        expected: frozenset[int] | None = None,
    ) -> Reserved:
        """Hold all lines for ``ttl``, or none; a product that is named twice is summed.

        Raises StaleVersion if there is no reservation in one of the ``expected`` versions;
        UnknownProduct, MixedCurrencies, TotalTooLarge, InsufficientStock; ReservationDiffers
        if the order has other lines, ReservationReleased or ReservationExpired if it is over.
        """
        if expected is not None:
            await self._require_version(order_id, expected)
        for pause_s in self._pauses_s:
            found = await self._attempt(order_id, wanted, ttl, pause_s)
            if found:
                return found if found.created else await self._again(found.reservation, wanted)
        raise Unsettled(order_id)

    async def _require_version(self, order_id: str, expected: frozenset[int]) -> None:
        found = await self._known(order_id)
        if found is None or found.version not in expected:
            raise StaleVersion(order_id)

    async def _attempt(
        self, order_id: str, wanted: Sequence[Wanted], ttl: timedelta, pause_s: float
    ) -> Reserved | None:
        """Take what is wanted, or find what stands there; None if that has to be tried again.

        What is remembered of the products will do to take by, but nothing is refused for that.
        Raises what the lines are refused for, unless others take the same for the same order.
        """
        ids = list(summed(wanted))
        items = self._shelf.recall(ids)
        refusal = refusal_of(wanted, items)
        if refusal is not None:
            items = await self._shelf.look(ids)
            refusal = refusal_of(wanted, items)
        if refusal is None:
            return await self._takes.take(_hold(order_id, wanted, items, ttl))
        # In this order: who is not seen on the shelf any more is seen in the journal.
        rivalled = await self._takes.rivalled(order_id, items)
        if standing := await self._known(order_id):
            return Reserved(standing, created=False)
        if not rivalled:
            raise refusal
        await self._sleep(pause_s)
        return None

    async def _again(self, standing: Reservation, wanted: Sequence[Wanted]) -> Reserved:
        if standing.state is State.HELD and await self.expire(standing.order_id):
            raise ReservationExpired(standing.order_id)
        return Reserved(_same(standing, wanted), created=False)

    async def commit(self, order_id: str) -> Reservation:
        """Take what is held off the shelf for good.

        Raises ReservationNotFound, ReservationReleased, ReservationExpired; the last one also for
        a hold that is overdue and that no sweeper has seen yet.
        """
        for _ in self._pauses_s:
            if moved := await self._move(order_id, Op.COMMIT):
                return moved
            found = await self.get(order_id)
            if found.state is not State.HELD:
                return _promised(found)
            if await self.expire(order_id):
                raise ReservationExpired(order_id)
        raise Unsettled(order_id)

    async def release(self, order_id: str) -> Reservation:
        """Give back what is held or committed; one that has expired stays expired.

        An order that is not known is released all the same, so that a hold which arrives late is
        refused.
        """
        for pause_s in self._pauses_s:
            if moved := await self._move(order_id, Op.RELEASE):
                return moved
            found = await self._known(order_id) or await self._journal.bury(order_id)
            if found.state in (State.RELEASED, State.EXPIRED):
                return found
            if found.movement:
                await self._wait_for(found, pause_s)
            elif moved := await self._move(order_id, Op.RETURN):
                return moved
        raise Unsettled(order_id)

    async def expire(self, order_id: str) -> bool:
        """Expire a hold if it is overdue; tell whether this call did."""
        return await self._move(order_id, Op.EXPIRE) is not None

    async def _known(self, order_id: str) -> Reservation | None:
        found = await self._journal.get(order_id)
        return None if found is None or found.state is State.VOID else found

    async def _move(self, order_id: str, op: Op) -> Reservation | None:
        begun = await self._journal.advance(order_id, op, self._lease)
        return await self._movements.carry_out(begun) if begun else None

    async def _wait_for(self, other: Reservation, pause_s: float) -> None:
        await self._movements.finish(other)
        await self._sleep(pause_s)


def _hold(order_id: str, wanted: Sequence[Wanted], items: Items, ttl: timedelta) -> Hold:
    since = min(item.seen_at for item in items.values())
    editions = {product_id: item.edition for product_id, item in items.items()}
    return Hold(order_id, priced(wanted, items), since, ttl, editions)


def _promised(found: Reservation) -> Reservation:
    if found.state is State.RELEASED:
        raise ReservationReleased(found.order_id)
    if found.state is State.EXPIRED:
        raise ReservationExpired(found.order_id)
    return found


def _same(found: Reservation, wanted: Sequence[Wanted]) -> Reservation:
    if _promised(found).pieces != summed(wanted):
        raise ReservationDiffers(found.order_id)
    return found

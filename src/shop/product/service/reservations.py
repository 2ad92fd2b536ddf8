"""Holding stock for orders."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from shop.common.errors import ShopError, Unavailable
from shop.common.page import Page
from shop.product.errors import (
    ReservationDiffers,
    ReservationExpired,
    ReservationNotFound,
    ReservationReleased,
    StaleVersion,
)
from shop.product.model import Hold, Op, Reservation, State
from shop.product.service.lines import Wanted, priced, refusal_of, summed
from shop.product.service.movements import LEASE, PAUSES_S, Journal, Movements, Shelf


class ReservationJournal(Journal[Reservation], Protocol):
    """The reservations, by order id. All its times are those of the database's clock."""

    async def begin(self, hold: Hold, lease: timedelta) -> Reservation | None:
        """Write a reservation that is being taken; None if there is one already."""

    async def advance(self, order_id: str, op: Op, lease: timedelta) -> Reservation | None:
        """Begin the movement that leads from one state to the next (TRANSITIONS).

        None if the state is another one, a movement is under way, a hold that is to be committed
        is overdue, or one that is to expire is not.
        """

    async def find(self, state: State | None, cursor: str | None, limit: int) -> Page[Reservation]:
        """Return those that are shown (not TAKING), newest order first; raise InvalidCursor."""

    async def bury(self, order_id: str) -> Reservation:
        """Write a released one without lines, unless one stands; return what stands there."""

    async def overdue(self, limit: int) -> Sequence[str]:
        """Return the order ids of held reservations whose time has passed."""


class Unsettled(Unavailable):
    """Somebody else is still busy with the same order."""

    def __init__(self, order_id: str) -> None:
        super().__init__(f"The reservation of order {order_id} is being settled; try again.")


@dataclass(frozen=True)
class Reserved:
    """The reservation of an order, and whether this very call made it."""

    reservation: Reservation
    created: bool


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
        self._lease = lease
        self._pauses_s = tuple(pauses_s)
        self._sleep = sleep

    async def get(self, order_id: str) -> Reservation:
        """Return the reservation of an order; raise ReservationNotFound."""
        found = await self._journal.get(order_id)
        if found is None or found.state is State.TAKING:
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
            begun = await self._begin(order_id, wanted, ttl)
            if isinstance(begun, Reservation):
                # None: others took it in between, and the next look tells what is short now.
                if held := await self._movements.carry_out(begun):
                    return Reserved(held, created=True)
            elif standing := await self._journal.get(order_id):
                if standing.state is State.TAKING:
                    await self._wait_for(standing, pause_s)
                elif standing.state is State.HELD and await self.expire(order_id):
                    raise ReservationExpired(order_id)
                else:
                    return Reserved(_same(standing, wanted), created=False)
            elif begun is not None:
                raise begun
        raise Unsettled(order_id)

    async def _require_version(self, order_id: str, expected: frozenset[int]) -> None:
        found = await self._journal.get(order_id)
        if found is None or found.state is State.TAKING or found.version not in expected:
            raise StaleVersion(order_id)

    async def _begin(
        self, order_id: str, wanted: Sequence[Wanted], ttl: timedelta
    ) -> Reservation | ShopError | None:
        """Return what has begun, or why it is refused; None if the order is known already."""
        items = await self._shelf.look(list(summed(wanted)))
        if refusal := refusal_of(wanted, items):
            return refusal
        since = min(item.seen_at for item in items.values())
        hold = Hold(order_id, priced(wanted, items), since, ttl)
        return await self._journal.begin(hold, self._lease)

    async def commit(self, order_id: str) -> Reservation:
        """Take what is held off the shelf for good.

        Raises ReservationNotFound, ReservationReleased, ReservationExpired; the last one also for
        a hold that is overdue and that no sweeper has seen yet.
        """
        for pause_s in self._pauses_s:
            if moved := await self._move(order_id, Op.COMMIT):
                return moved
            found = await self._journal.get(order_id)
            if found is None:
                raise ReservationNotFound(order_id)
            if found.state is State.TAKING:
                await self._wait_for(found, pause_s)
            elif found.state is not State.HELD:
                return _promised(found)
            elif await self.expire(order_id):
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
            found = await self._journal.get(order_id) or await self._journal.bury(order_id)
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

    async def _move(self, order_id: str, op: Op) -> Reservation | None:
        begun = await self._journal.advance(order_id, op, self._lease)
        return await self._movements.carry_out(begun) if begun else None

    async def _wait_for(self, other: Reservation, pause_s: float) -> None:
        await self._movements.finish(other)
        await self._sleep(pause_s)


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

"""One bundle of stores, in memory or in MongoDB, and what tests ask of both."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

from tests.fakes.product.memory import Memory, MemoryProducts
from tests.fakes.product.memory_journals import MemoryAdjustments, MemoryReservations
from tests.fakes.product.memory_shelf import MemoryShelf

from shop.common.clock import now
from shop.common.ids import new_id
from shop.common.money import Money
from shop.product.model import Adjustment, Product, ProductDetails, Reservation, Stock
from shop.product.service import (
    AdjustmentJournal,
    Adjustments,
    Catalogue,
    Products,
    ReservationJournal,
    Reservations,
    Shelf,
    Sweeper,
)

HOUR = timedelta(hours=1)
PASSED = -HOUR
"""A lease, or a time to live, that has ended before it begins: no test has to wait for it."""

TICK = timedelta(seconds=0.05)
"""How much time of those in memory passes each time that somebody waits for it."""

_numbers = count(1)


@dataclass(frozen=True)
class Stores:
    """The stores of one database. ``old_marks`` is a second shelf to which each mark is old.

    ``age_marks`` makes all leases on the shelf end so much earlier: no test has to wait for it.
    """

    products: Products
    shelf: Shelf
    old_marks: Shelf
    reservations: ReservationJournal
    adjustments: AdjustmentJournal
    marks: Callable[[str], Awaitable[Sequence[str]]]
    all_reservations: Callable[[], Awaitable[Sequence[Reservation]]]
    all_adjustments: Callable[[], Awaitable[Sequence[Adjustment]]]
    let_pass: Callable[[float], Awaitable[None]]
    age_marks: Callable[[timedelta], Awaitable[None]]

    @property
    def catalogue(self) -> Catalogue:
        return Catalogue(self.products)

    def reserving(self, **settings: Any) -> Reservations:
        return Reservations(self.shelf, self.reservations, **settings)

    def adjusting(self, **settings: Any) -> Adjustments:
        return Adjustments(self.shelf, self.adjustments, **settings)

    def sweeper(self, **settings: Any) -> Sweeper:
        return Sweeper(self.shelf, self.reservations, self.adjustments, **settings)

    async def product(self, on_hand: int = 10, **details: Any) -> str:
        """Put a product into the catalogue, and return its id."""
        made = a_product(on_hand, **details)
        await self.products.add(made)
        return made.id

    async def stock(self, product_id: str) -> Stock:
        return (await self.products.get(product_id)).stock


def details(**given: Any) -> ProductDetails:
    """Return the details of a product of which only a part matters."""
    number = next(_numbers)
    return ProductDetails(
        **{"sku": f"SKU-{number}", "name": f"Thing {number}", "price": Money(1999, "EUR"), **given}
    )


def a_product(on_hand: int = 10, **given: Any) -> Product:
    """Return a product of which only a part matters."""
    moment = now()
    return Product(new_id("prd"), details(**given), Stock(on_hand), 1, 1, moment, moment)


def in_memory(
    shelf: Callable[[Memory], Shelf] = MemoryShelf,
    reservations: Callable[[Memory], ReservationJournal] = MemoryReservations,
) -> Stores:
    """Return empty stores in memory, whose time passes only when it is let pass."""
    memory = Memory()

    async def let_pass(seconds: float) -> None:
        """Time passes for all who wait at once, and as others do something."""
        until = memory.now + timedelta(seconds=seconds)
        while memory.now < until:
            await asyncio.sleep(0)
            memory.now += TICK

    async def age_marks(by: timedelta) -> None:
        for mark in (mark for marks in memory.marks.values() for mark in marks):
            mark.until -= by

    async def marks(product_id: str) -> Sequence[str]:
        return [mark.id for mark in memory.marks[product_id]]

    async def all_reservations() -> Sequence[Reservation]:
        return list(memory.reservations.values())

    async def all_adjustments() -> Sequence[Adjustment]:
        return list(memory.adjustments.values())

    return Stores(
        MemoryProducts(memory),
        shelf(memory),
        MemoryShelf(memory, linger=-2 * HOUR),
        reservations(memory),
        MemoryAdjustments(memory),
        marks,
        all_reservations,
        all_adjustments,
        let_pass,
        age_marks,
    )

"""Buyers, clerks and sweepers at once, whose processes die anywhere; then the books are checked.

A process dies right before or right after any single write, or in the middle of one that touches
several products. A command of a dead process may still reach the database much later, and even
one that the database had taken in before the lease ended may be carried out only afterwards.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from typing import Any

from tests.fakes.product.stores import Stores

from shop.common.errors import Conflict, ShopError, Unavailable
from shop.product.model import Adjustment, Movement, Reservation, State, Stock

WRITES = {
    *("begin", "hold", "void", "advance", "bury", "take_over", "close", "drop"),
    *("apply", "seal", "undo", "flush", "erase"),
}


@dataclass
class Chaos:
    """How bad it is: the chance of each write to fail, and how much time may pass (seconds)."""

    stores: Stores
    seed: int
    lease: timedelta = timedelta(seconds=4)
    failing: float = 0.12
    longest_pause_s: float = 4.0
    late: list[asyncio.Task[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dice = Random(self.seed)
        self.faults: Counter[str] = Counter()

    def process(self) -> Stores:
        """Return the stores as a process sees them that may die at every write."""
        return replace(
            self.stores,
            shelf=Mortal(self.stores.shelf, self),
            reservations=Mortal(self.stores.reservations, self),
            adjustments=Mortal(self.stores.adjustments, self),
        )

    async def pause(self) -> None:
        await self.stores.let_pass(self.dice.random() * self.longest_pause_s)


class Mortal:
    """A store whose caller may die at every write."""

    def __init__(self, store: Any, chaos: Chaos) -> None:
        self._store = store
        self._chaos = chaos

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._store, name)
        if name not in WRITES:
            return call

        async def dying(*args: Any) -> Any:
            if self._chaos.dice.random() >= self._chaos.failing:
                return await call(*args)
            death = self._chaos.dice.choice(["before", "after", "within", "late", "stuck"])
            self._chaos.faults[death] += 1
            await self._die(death, call, *args)
            raise Unavailable("died")

        return dying

    async def _die(self, death: str, call: Callable[..., Awaitable[Any]], *args: Any) -> None:
        if death == "within" and _moves(args):
            await call(self._part(args[0]))
        elif death in ("after", "within"):
            await call(*args)
        elif death in ("late", "stuck"):
            self._chaos.late.append(asyncio.ensure_future(self._later(death, call, *args)))

    def _part(self, movement: Movement) -> Movement:
        pieces = {p: q for p, q in movement.pieces.items() if self._chaos.dice.random() < 0.5}
        return replace(movement, pieces=pieces)

    async def _later(self, death: str, call: Callable[..., Awaitable[Any]], *args: Any) -> None:
        # The database may sit on a command for less time than marks linger; a zombie has all day.
        for _ in range(self._chaos.dice.randrange(8 if death == "stuck" else 40)):
            await self._chaos.pause()
        if death == "stuck" and _moves(args):
            # The database had read its clock before the lease ended.
            args = (replace(args[0], until=args[0].until + timedelta(hours=1)),)
        await call(*args)


def _moves(args: tuple[Any, ...]) -> bool:
    return bool(args) and isinstance(args[0], Movement)


@dataclass
class Books:
    """What the callers were told."""

    initial: Mapping[str, int]
    adjusted: list[Adjustment] = field(default_factory=list)
    held: set[str] = field(default_factory=set)
    committed: set[str] = field(default_factory=set)
    released: set[str] = field(default_factory=set)


async def rampage(chaos: Chaos, workers: int = 8, steps: int = 12) -> Counter[str]:
    """Let it happen, wait until it is over, check the books; return the faults by kind."""
    products = {await chaos.stores.product(20): 20 for _ in range(3)}
    books = Books(products)
    await asyncio.gather(*[_work(chaos, books, steps) for _ in range(workers)])
    await asyncio.gather(*chaos.late)
    await _settle(chaos)
    await _check(chaos.stores, books)
    return chaos.faults


async def _work(chaos: Chaos, books: Books, steps: int) -> None:
    dice = chaos.dice
    for _ in range(steps):
        act = dice.choice(ACTS)
        try:
            await act(chaos, books, f"o{dice.randrange(20)}")
        except (Conflict, Unavailable):
            pass
        except ShopError as error:
            if error.code != "not-found":
                raise
        await chaos.pause()
        for product_id in books.initial:
            _require_sound(await chaos.stores.stock(product_id))


def _reserving(chaos: Chaos) -> Any:
    return chaos.process().reserving(lease=chaos.lease, pauses_s=[0.0] * 3)


async def _reserve(chaos: Chaos, books: Books, order_id: str) -> None:
    wanted = Random(order_id)  # an order always wants the same
    lines = [(p, wanted.randint(1, 4)) for p in books.initial if wanted.random() < 0.7]
    ttl = timedelta(seconds=chaos.dice.choice([0.2, 1000]))
    if lines and (await _reserving(chaos).reserve(order_id, lines, ttl)).created:
        books.held.add(order_id)


async def _commit(chaos: Chaos, books: Books, order_id: str) -> None:
    await _reserving(chaos).commit(order_id)
    books.committed.add(order_id)


async def _release(chaos: Chaos, books: Books, order_id: str) -> None:
    if chaos.dice.random() < 0.5:
        await _reserving(chaos).release(order_id)
        books.released.add(order_id)


async def _adjust(chaos: Chaos, books: Books, _order_id: str) -> None:
    product_id, delta = chaos.dice.choice(sorted(books.initial)), chaos.dice.randint(-6, 6)
    adjusting = chaos.process().adjusting(lease=chaos.lease)
    books.adjusted.append(await adjusting.adjust(product_id, delta, "chaos"))


async def _sweep(chaos: Chaos, _books: Books, _order_id: str) -> None:
    await chaos.process().sweeper(lease=chaos.lease).sweep_once()


ACTS = [*[_reserve] * 4, _commit, _release, *[_adjust] * 2, *[_sweep] * 2]


async def _settle(chaos: Chaos) -> None:
    """Sweep without faults until nothing is under way any more, and no mark is left."""
    for _ in range(20):
        await chaos.stores.let_pass(chaos.lease.total_seconds() * 1.1)
        await chaos.stores.sweeper().sweep_once()
        entries: list[Reservation | Adjustment] = [
            *await chaos.stores.all_reservations(),
            *await chaos.stores.all_adjustments(),
        ]
        if not any(entry.movement for entry in entries):
            break
    for _ in range(2):  # what is given back leaves a void mark, which the next sweep erases
        await replace(chaos.stores, shelf=chaos.stores.old_marks).sweeper().sweep_once()


async def _check(stores: Stores, books: Books) -> None:
    reservations = {r.order_id: r for r in await stores.all_reservations()}
    adjustments = {a.id: a for a in await stores.all_adjustments()}
    assert not [e for e in (*reservations.values(), *adjustments.values()) if e.movement]
    for product_id, initial in books.initial.items():
        by_state: Counter[State] = Counter()
        for reservation in reservations.values():
            by_state[reservation.state] += reservation.pieces.get(product_id, 0)
        adjusted = sum(a.delta for a in adjustments.values() if a.product_id == product_id)
        on_hand = initial + adjusted - by_state[State.COMMITTED]
        assert await stores.stock(product_id) == Stock(on_hand, by_state[State.HELD])
        assert await stores.marks(product_id) == []
    assert all(adjustments[made.id] == made for made in books.adjusted)
    ended = {State.RELEASED, State.EXPIRED}
    assert all(reservations[o].state is not State.VOID for o in books.held)
    assert all(reservations[o].state in (State.COMMITTED, *ended) for o in books.committed)
    assert all(reservations[o].state in ended for o in books.released)


def _require_sound(stock: Stock) -> None:
    assert min(stock.on_hand, stock.reserved, stock.available) >= 0

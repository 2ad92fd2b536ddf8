"""Product and customer in memory: they really keep stock and links, by the rules of the contract.

``away``: nobody answers. ``mute``: what is asked is done, but the answer is lost. ``slow``: the
question arrives late. ``deaf_to``: only these calls fail.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shop.common.clock import Clock
from shop.common.errors import Unavailable
from shop.order.model import Item, Line, Money, Offer, Order, Reason, Standing, Status

_GONE = {"released", "expired"}


@dataclass(frozen=True)
class Held:
    lines: tuple[Line, ...]
    state: str
    expires_at: datetime


@dataclass
class Link:
    status: Status
    total: Money | None
    version: int


@dataclass
class _Fake:
    away: bool = False
    mute: bool = False
    slow: bool = False
    deaf_to: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)

    async def _asked(self, what: str) -> None:
        if self.slow:
            await asyncio.sleep(0)
        self.calls.append(what)
        if self.away or what in self.deaf_to:
            raise Unavailable("the peer did not answer")

    def _answered(self) -> None:
        if self.mute:
            raise Unavailable("the peer did not answer")


@dataclass
class FakeProduct(_Fake):
    clock: Clock = datetime.now
    on_hand: Counter[str] = field(default_factory=Counter)
    prices: dict[str, Money] = field(default_factory=dict)
    reservations: dict[str, Held] = field(default_factory=dict)

    def stock(self, product_id: str, pieces: int, price: Money) -> None:
        self.on_hand[product_id] = pieces
        self.prices[product_id] = price

    def reserved(self, product_id: str) -> int:
        self._expire()
        held = [r for r in self.reservations.values() if r.state == "held"]
        return sum(x.quantity for r in held for x in r.lines if x.product_id == product_id)

    def state(self, order_id: str) -> str | None:
        self._expire()
        return self.reservations[order_id].state if order_id in self.reservations else None

    async def reserve(
        self, order_id: str, lines: Sequence[Line], ttl_s: int, _timeout_s: float
    ) -> Offer | Reason:
        await self._asked("reserve")
        answer = self._reserve(order_id, lines, ttl_s)
        self._answered()
        return answer

    def _reserve(self, order_id: str, lines: Sequence[Line], ttl_s: int) -> Offer | Reason:
        state = self.state(order_id)
        if state in _GONE:
            return Reason(f"reservation-{state}", f"It is {state}.")
        if state is None:
            refusal = self._refusal(lines)
            if refusal is not None:
                return refusal
            expires_at = self.clock() + timedelta(seconds=ttl_s)
            self.reservations[order_id] = Held(tuple(lines), "held", expires_at)
        items = {
            line.product_id: Item(
                f"SKU-{line.product_id}", line.product_id.title(), self.prices[line.product_id]
            )
            for line in lines
        }
        return Offer(items, self.reservations[order_id].expires_at)

    def _refusal(self, lines: Sequence[Line]) -> Reason | None:
        unknown = [n for n, line in enumerate(lines) if line.product_id not in self.prices]
        if unknown:
            errors = [{"pointer": f"#/lines/{n}/productId", "detail": "unknown"} for n in unknown]
            return Reason("unknown-product", "A line names no product.", {"errors": errors})
        short = [
            {"productId": x.product_id, "requested": x.quantity, "available": available}
            for x in lines
            if (available := self.on_hand[x.product_id] - self.reserved(x.product_id)) < x.quantity
        ]
        if short:
            return Reason("insufficient-stock", "Too little is there.", {"shortages": short})
        return None

    async def commit(self, order_id: str, _timeout_s: float) -> Reason | None:
        await self._asked("commit")
        state = self.state(order_id)
        if state is None or state in _GONE:
            return Reason(f"reservation-{state or 'missing'}", f"It is {state}.")
        if state == "held":
            self._move(order_id, "committed", -1)
        self._answered()
        return None

    async def release(self, order_id: str, _timeout_s: float) -> None:
        await self._asked("release")
        state = self.state(order_id)
        if state is None:
            self.reservations[order_id] = Held((), "released", self.clock())
        elif state not in _GONE:
            self._move(order_id, "released", 1 if state == "committed" else 0)
        self._answered()

    def _move(self, order_id: str, state: str, pieces: int) -> None:
        held = self.reservations[order_id]
        for line in held.lines:
            self.on_hand[line.product_id] += pieces * line.quantity
        self.reservations[order_id] = replace(held, state=state)

    def _expire(self) -> None:
        for order_id, held in self.reservations.items():
            if held.state == "held" and held.expires_at <= self.clock():
                self.reservations[order_id] = replace(held, state="expired")


@dataclass
class FakeCustomer(_Fake):
    customers: dict[str, Standing] = field(default_factory=dict)
    links: dict[str, dict[str, Link]] = field(default_factory=dict)
    unlinked: dict[str, int] = field(default_factory=dict)

    def register(self, customer_id: str, standing: Standing = Standing.ACTIVE) -> None:
        self.customers[customer_id] = standing
        self.links.setdefault(customer_id, {})

    def delete(self, customer_id: str) -> None:
        del self.customers[customer_id], self.links[customer_id]

    async def link(self, order: Order, _timeout_s: float) -> Standing:
        await self._asked(f"link {order.status}")
        if order.customer_id in self.customers and self.unlinked.get(order.id, 0) < order.version:
            self._link(order)
        self._answered()
        return self.customers.get(order.customer_id, Standing.UNKNOWN)

    def _link(self, order: Order) -> None:
        links = self.links[order.customer_id]
        there = links.get(order.id)
        if there is None or there.version < order.version:
            links[order.id] = Link(order.status, order.total, order.version)

    async def unlink(self, order: Order, _timeout_s: float) -> None:
        await self._asked("unlink")
        if self.links.get(order.customer_id, {}).pop(order.id, None):
            self.unlinked[order.id] = order.version  # of what was never linked nothing is kept
        self._answered()

"""Reads the three services' lists page by page, and one order as all three show it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from shop.common.peer import PeerClient, PeerResponse
from shop.order.reconcile.rules import Json, Repair, Seen

_BASE = "/api/v1"
_FRESH = {"Cache-Control": "no-cache"}  # a cache does not know of what was changed by hand


class UnexpectedAnswer(Exception):
    """A service answered what its contract does not have."""


@dataclass(frozen=True)
class Known:
    """An order that a service knows of, and its customer where that one says so."""

    order_id: str
    customer_id: str | None


class Shop:
    """The three services, by name, as ``python -m shop.order reconcile`` reaches them."""

    def __init__(self, client_of: Callable[[str], PeerClient]) -> None:
        self._clients = {name: client_of(name) for name in ("customer", "product", "order")}

    async def orders(self) -> AsyncIterator[Known]:
        """Return every order that the order service has."""
        async for order in self._list("order", "/orders"):
            yield Known(order["id"], order["customerId"])

    async def elsewhere(self) -> AsyncIterator[Known]:
        """Return every order that the two others know; one may come twice."""
        async for reservation in self._list("product", "/reservations"):
            yield Known(reservation["orderId"], None)
        async for customer in self._list("customer", "/customers"):
            async for link in self._list("customer", f"/customerOrders/{customer['id']}"):
                yield Known(link["orderId"], link["customerId"])

    async def has_order(self, order_id: str) -> bool:
        """Tell whether the order service has it."""
        return await self._get("order", f"/orders/{order_id}") is not None

    async def look(self, known: Known) -> Seen:
        """Return one order as the three show it now.

        Of one that is not there, only what told of it is looked at: each is said once.
        """
        order = await self._get("order", f"/orders/{known.order_id}")
        customer_id = order.json["customerId"] if order else known.customer_id
        reservation, link = await asyncio.gather(
            self._reservation(known.order_id) if order or not customer_id else _nothing(),
            self._link(customer_id, known.order_id) if customer_id else _nothing(),
        )
        gone = order is not None and link is None and await self._customer_gone(customer_id)
        return Seen(
            known.order_id,
            order.json if order else None,
            reservation.json if reservation else None,
            link.json if link else None,
            order_etag=order.etag if order else '"0"',
            link_etag=link.etag if link else '"0"',
            customer_gone=gone,
        )

    async def repair(self, repair: Repair) -> PeerResponse:
        """Make a repair, and return what was answered."""
        headers = {"If-Match": repair.if_match} if repair.if_match else {}
        return await self._clients[repair.service].call(
            repair.method, _BASE + repair.path, json=repair.body, headers=headers, idempotent=True
        )

    async def _customer_gone(self, customer_id: str | None) -> bool:
        return await self._get("customer", f"/customers/{customer_id}") is None

    async def _reservation(self, order_id: str) -> "_Shown | None":
        return await self._get("product", f"/reservations/{order_id}")

    async def _link(self, customer_id: str, order_id: str) -> "_Shown | None":
        return await self._get("customer", f"/customerOrders/{customer_id}/{order_id}")

    async def _get(self, service: str, path: str) -> "_Shown | None":
        answer = await self._clients[service].call("GET", _BASE + path, headers=_FRESH)
        if answer.status == 404:
            return None
        return _Shown(_content(answer, service, path), answer.headers.get("ETag", '"0"'))

    async def _list(self, service: str, path: str) -> AsyncIterator[Json]:
        cursor: str | None = ""
        while cursor is not None:
            query = {"limit": "100", **({"cursor": cursor} if cursor else {})}
            where = f"{_BASE}{path}?{urlencode(query)}"
            page = _content(await self._clients[service].call("GET", where), service, path)
            for item in page["items"]:
                yield item
            cursor = page["nextCursor"]


@dataclass(frozen=True)
class _Shown:
    json: Json
    etag: str


async def _nothing() -> None:
    return None


def _content(answer: PeerResponse, service: str, path: str) -> Json:
    if answer.status != 200:
        raise UnexpectedAnswer(f"{service} answered {answer.status} to GET {path}")
    try:
        content: Json = answer.json()
    except ValueError:
        raise UnexpectedAnswer(f"{service} answered no JSON to GET {path}") from None
    return content

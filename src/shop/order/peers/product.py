"""What orders ask of product."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shop.common.peer import PeerClient
from shop.order.model import Item, Line, Money, Offer, Reason
from shop.order.peers.asking import Answer, Asking, Operation

_FOR_GOOD = {400, 409, 413, 422}  # repeated, it would be refused again
_NOT_MEMBERS = {"type", "title", "status", "detail", "instance", "code", "traceId"}


class HttpProduct:
    """The product service."""

    def __init__(self, client: PeerClient) -> None:
        self._peer = Asking("product", client, "/reservations/batch")

    async def reserve(
        self, order_id: str, lines: Sequence[Line], ttl_s: int, timeout_s: float
    ) -> Offer | Reason:
        """Reserve all lines or none; return the reason where that is refused for good."""
        wanted = [{"productId": line.product_id, "quantity": line.quantity} for line in lines]
        body = {"lines": wanted, "ttlSeconds": ttl_s}
        entry = {"op": "reserve", "orderId": order_id, **body}
        reserve = Operation(order_id, "PUT", f"/reservations/{order_id}", entry, body)
        answer = await self._peer.ask(reserve, timeout_s)
        if answer.status in (200, 201):
            return _offer(answer.json())
        if answer.status in _FOR_GOOD:
            return _reason(answer)
        raise self._peer.unexpected(answer)

    async def commit(self, order_id: str, timeout_s: float) -> Reason | None:
        """Sell what is reserved; return the reason where nothing is (any more)."""
        answer = await self._peer.ask(_end("commit", order_id), timeout_s)
        if answer.status == 200:
            return None
        if answer.status == 404:
            return Reason("reservation-missing", "product knows of no reservation for it")
        if answer.status == 409:
            return _reason(answer)
        raise self._peer.unexpected(answer)

    async def release(self, order_id: str, timeout_s: float) -> None:
        """Give back what is reserved or sold; a later reservation of this id is refused."""
        answer = await self._peer.ask(_end("release", order_id), timeout_s)
        if answer.status != 200:
            raise self._peer.unexpected(answer)


def _end(op: str, order_id: str) -> Operation:
    entry = {"op": op, "orderId": order_id}
    return Operation(order_id, "POST", f"/reservations/{order_id}/{op}", entry)


def _offer(reservation: Any) -> Offer | Reason:
    state = reservation["state"]
    if state not in ("held", "committed"):
        return Reason(f"reservation-{state}", f"the reservation is {state}")
    items = {
        line["productId"]: Item(line["sku"], line["name"], Money(**line["unitPrice"]))
        for line in reservation["lines"]
    }
    return Offer(items, datetime.fromisoformat(reservation["expiresAt"]))


def _reason(answer: Answer) -> Reason:
    problem = answer.json()
    members = {name: value for name, value in problem.items() if name not in _NOT_MEMBERS}
    return Reason(problem["code"], problem["detail"], members)

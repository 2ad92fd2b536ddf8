"""What orders ask of product and customer, over HTTP. Every call is idempotent by its address.

A call that is not answered raises Unavailable; an answer that the contract does not foresee raises
UnexpectedAnswer. In both cases the outcome is not known, and the step is taken again.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog

from shop.common.clock import rfc3339
from shop.common.errors import ShopError, Unavailable
from shop.common.peer import PeerClient, PeerError, PeerResponse
from shop.order.model import Item, Line, Money, Offer, Order, Reason, Standing

_BASE = "/api/v1"
_FOR_GOOD = {400, 409, 413, 422}  # repeated, it would be refused again
_NOT_MEMBERS = {"type", "title", "status", "detail", "instance", "code", "traceId"}

log = structlog.get_logger()


class UnexpectedAnswer(ShopError):
    """A peer answered with what its contract does not have."""

    code = "unexpected-answer"
    title = "Another service answered what was not expected"


class HttpProduct:
    """The product service."""

    def __init__(self, client: PeerClient) -> None:
        self._peer = _Peer("product", client)

    async def reserve(
        self, order_id: str, lines: Sequence[Line], ttl_s: int, timeout_s: float
    ) -> Offer | Reason:
        """Reserve all lines or none; return the reason where that is refused for good."""
        wanted = [{"productId": line.product_id, "quantity": line.quantity} for line in lines]
        body = {"lines": wanted, "ttlSeconds": ttl_s}
        answer = await self._peer.call("PUT", f"/reservations/{order_id}", timeout_s, body)
        if answer.status in (200, 201):
            return _offer(answer.json())
        if answer.status in _FOR_GOOD:
            return _reason(answer)
        raise self._peer.unexpected(answer)

    async def commit(self, order_id: str, timeout_s: float) -> Reason | None:
        """Sell what is reserved; return the reason where nothing is (any more)."""
        answer = await self._peer.call("POST", f"/reservations/{order_id}/commit", timeout_s)
        if answer.status == 200:
            return None
        if answer.status == 404:
            return Reason("reservation-missing", "product knows of no reservation for it")
        if answer.status == 409:
            return _reason(answer)
        raise self._peer.unexpected(answer)

    async def release(self, order_id: str, timeout_s: float) -> None:
        """Give back what is reserved or sold; a later reservation of this id is refused."""
        answer = await self._peer.call("POST", f"/reservations/{order_id}/release", timeout_s)
        if answer.status != 200:
            raise self._peer.unexpected(answer)


class HttpCustomer:
    """The customer service."""

    def __init__(self, client: PeerClient) -> None:
        self._peer = _Peer("customer", client)

    async def link(self, order: Order, timeout_s: float) -> Standing:
        """Tell how the order stands; say how its customer does."""
        answer = await self._peer.call("PUT", _link_path(order), timeout_s, _link(order))
        if answer.status == 404:
            return Standing.UNKNOWN
        if answer.status == 409 and answer.json()["code"] == "order-unlinked":
            return Standing.UNLINKED
        if answer.status in (200, 201):
            return Standing(answer.json()["customerStatus"])
        raise self._peer.unexpected(answer)

    async def unlink(self, order: Order, timeout_s: float) -> None:
        """Take the link away, if it is there, and have later ones of older versions refused."""
        path = f"{_link_path(order)}?orderVersion={order.version}"
        answer = await self._peer.call("DELETE", path, timeout_s)
        if answer.status not in (204, 404):
            raise self._peer.unexpected(answer)


class _Peer:
    """One of the two, with what the timeline may say of it when it fails: no addresses."""

    def __init__(self, name: str, client: PeerClient) -> None:
        self._name = name
        self._client = client

    async def call(
        self, method: str, path: str, timeout_s: float, body: Any = None
    ) -> PeerResponse:
        try:
            return await self._client.call(
                method, _BASE + path, json=body, idempotent=True, timeout_s=timeout_s
            )
        except PeerError as error:
            log.info("peer did not answer", peer=self._name, reason=error.reason)
            raise Unavailable(f"{self._name} did not answer") from error

    def unexpected(self, answer: PeerResponse) -> UnexpectedAnswer:
        return UnexpectedAnswer(f"{self._name} answered {answer.status}")


def _offer(reservation: Any) -> Offer | Reason:
    state = reservation["state"]
    if state not in ("held", "committed"):
        return Reason(f"reservation-{state}", f"the reservation is {state}")
    items = {
        line["productId"]: Item(line["sku"], line["name"], Money(**line["unitPrice"]))
        for line in reservation["lines"]
    }
    return Offer(items, datetime.fromisoformat(reservation["expiresAt"]))


def _reason(answer: PeerResponse) -> Reason:
    problem = answer.json()
    members = {name: value for name, value in problem.items() if name not in _NOT_MEMBERS}
    return Reason(problem["code"], problem["detail"], members)


def _link_path(order: Order) -> str:
    return f"/customerOrders/{order.customer_id}/{order.id}"


def _link(order: Order) -> dict[str, Any]:
    total = (
        {"amount": order.total.amount, "currency": order.total.currency} if order.total else None
    )
    return {
        "status": order.status.value,
        "total": total,
        "placedAt": rfc3339(order.created_at),
        "orderVersion": order.version,
    }

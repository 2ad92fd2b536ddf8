"""What orders ask of customer."""

from typing import Any

from shop.common.clock import rfc3339
from shop.common.peer import PeerClient
from shop.order.model import Order, Standing
from shop.order.peers.asking import Asking, Operation


class HttpCustomer:
    """The customer service."""

    def __init__(self, client: PeerClient) -> None:
        self._peer = Asking("customer", client, "/customerOrders/batch")

    async def link(self, order: Order, timeout_s: float) -> Standing:
        """Tell how the order stands; say how its customer does."""
        body = _link(order)
        link = Operation(order.id, "PUT", _path(order), _entry("link", order, body), body)
        answer = await self._peer.ask(link, timeout_s)
        if answer.status == 404:
            return Standing.UNKNOWN
        if answer.status == 409 and answer.json()["code"] == "order-unlinked":
            return Standing.UNLINKED
        if answer.status in (200, 201):
            return Standing(answer.json()["customerStatus"])
        raise self._peer.unexpected(answer)

    async def unlink(self, order: Order, timeout_s: float) -> None:
        """Take the link away, if it is there, and have later ones of older versions refused."""
        path = f"{_path(order)}?orderVersion={order.version}"
        entry = _entry("unlink", order, {"orderVersion": order.version})
        answer = await self._peer.ask(Operation(order.id, "DELETE", path, entry), timeout_s)
        if answer.status not in (204, 404):
            raise self._peer.unexpected(answer)


def _path(order: Order) -> str:
    return f"/customerOrders/{order.customer_id}/{order.id}"


def _entry(op: str, order: Order, body: dict[str, Any]) -> dict[str, Any]:
    return {"op": op, "customerId": order.customer_id, "orderId": order.id, **body}


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

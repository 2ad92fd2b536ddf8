"""What orders ask of customer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from shop.common.clock import rfc3339
from shop.common.peer import PeerClient
from shop.order.model import Deleted, Order, Standing
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

    async def deleted(
        self, since: datetime | None, cursor: str | None, timeout_s: float
    ) -> tuple[Sequence[Deleted], str | None]:
        """Return one page of who was deleted, the latest first, and the cursor to the next."""
        asked = {"limit": "100", "since": since and rfc3339(since), "cursor": cursor}
        query = urlencode({name: value for name, value in asked.items() if value})
        answer = await self._peer.read(f"/customerErasures?{query}", timeout_s)
        if answer.status != 200:
            raise self._peer.unexpected(answer)
        page = answer.json()
        deleted = [
            Deleted(each["customerId"], datetime.fromisoformat(each["erasedAt"]))
            for each in page["items"]
        ]
        return deleted, page["nextCursor"]


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

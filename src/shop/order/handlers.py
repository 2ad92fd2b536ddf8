"""HTTP in and out: load, call the service, dump. A handler is an operationId of swagger.yaml."""

from aiohttp.web import AppKey, Request, Response, StreamResponse

from shop.common.feed import follow
from shop.common.web import (
    accepted,
    body,
    changed,
    created,
    if_match,
    listing,
    no_content,
    once,
    patch,
    query,
    representation,
)
from shop.order import schemas
from shop.order.audit import AuditTrail
from shop.order.model import Status
from shop.order.service import OrderService

AUDIT = AppKey("audit", AuditTrail)
ORDERS = AppKey("orders", OrderService)

_draft = schemas.OrderDraftSchema()
_change = schemas.OrderChangeSchema()
_patch = schemas.OrderPatchSchema()


async def place_order(request: Request) -> Response:
    draft = await body(request, _draft)

    async def make(order_id: str) -> Response:
        order = await request.app[ORDERS].place(draft, order_id)
        answer = accepted if order.status is Status.PENDING else created
        return answer(request, f"/orders/{order_id}", schemas.encode_order(order))

    return await once(request, "ord", make)


async def list_orders(request: Request) -> Response:
    page = await request.app[ORDERS].find(**query(request))
    return listing(request, page, schemas.dump_order)


async def watch_orders(request: Request) -> StreamResponse:
    return await follow(request, **query(request))


async def get_order(request: Request) -> Response:
    return representation(request, await request.app[ORDERS].view(_order_id(request)))


async def list_order_events(request: Request) -> Response:
    page = await request.app[ORDERS].events(_order_id(request), **query(request))
    return listing(request, page, schemas.dump_event)


async def list_order_audit(request: Request) -> Response:
    page = await request.app[AUDIT].find(_order_id(request), **query(request))
    return listing(request, page, schemas.dump_entry)


async def replace_order(request: Request) -> Response:
    details = await body(request, _change)
    order = await request.app[ORDERS].replace(_order_id(request), details, if_match(request))
    return changed(schemas.encode_order(order))


async def patch_order(request: Request) -> Response:
    change = await patch(request, _patch, _change)
    order = await request.app[ORDERS].change(_order_id(request), change, if_match(request))
    return changed(schemas.encode_order(order))


async def delete_order(request: Request) -> Response:
    await request.app[ORDERS].delete(_order_id(request), if_match(request))
    return no_content()


async def pay_order(request: Request) -> Response:
    return changed(schemas.encode_order(await request.app[ORDERS].pay(_order_id(request))))


async def ship_order(request: Request) -> Response:
    return changed(schemas.encode_order(await request.app[ORDERS].ship(_order_id(request))))


async def deliver_order(request: Request) -> Response:
    return changed(schemas.encode_order(await request.app[ORDERS].deliver(_order_id(request))))


async def cancel_order(request: Request) -> Response:
    return changed(schemas.encode_order(await request.app[ORDERS].cancel(_order_id(request))))


def _order_id(request: Request) -> str:
    return request.match_info["orderId"]

"""HTTP in and out: load, call the service, dump. A handler is an operationId of swagger.yaml."""

from aiohttp.web import AppKey, Request, Response, StreamResponse

from shop.common.feed import follow
from shop.common.page import Page
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
from shop.order.model import Order, Status
from shop.order.owner import check_own, is_shopper, own_draft, own_orders
from shop.order.service import OrderService

AUDIT = AppKey("audit", AuditTrail)
ORDERS = AppKey("orders", OrderService)

_draft = schemas.OrderDraftSchema()
_change = schemas.OrderChangeSchema()
_patch = schemas.OrderPatchSchema()


async def place_order(request: Request) -> Response:
    draft = own_draft(await body(request, _draft))

    async def make(order_id: str) -> Response:
        order = await request.app[ORDERS].place(draft, order_id)
        answer = accepted if order.status is Status.PENDING else created
        return answer(request, f"/orders/{order_id}", schemas.encode_order(order))

    return await once(request, "ord", make)


async def list_orders(request: Request) -> Response:
    wanted = own_orders(query(request))
    page = await request.app[ORDERS].find(**wanted) if wanted else Page[Order]((), None)
    return listing(request, page, schemas.dump_order)


async def watch_orders(request: Request) -> StreamResponse:
    return await follow(request, **query(request))


async def get_order(request: Request) -> Response:
    order = await request.app[ORDERS].view(request.match_info["orderId"])
    check_own(request.match_info["orderId"], order)
    return representation(request, order)


async def list_order_events(request: Request) -> Response:
    page = await request.app[ORDERS].events(await _order_id(request), **query(request))
    return listing(request, page, schemas.dump_event)


async def list_order_audit(request: Request) -> Response:
    page = await request.app[AUDIT].find(request.match_info["orderId"], **query(request))
    return listing(request, page, schemas.dump_entry)


async def replace_order(request: Request) -> Response:
    details = await body(request, _change)
    order = await request.app[ORDERS].replace(await _order_id(request), details, if_match(request))
    return changed(schemas.encode_order(order))


async def patch_order(request: Request) -> Response:
    change = await patch(request, _patch, _change)
    order = await request.app[ORDERS].change(await _order_id(request), change, if_match(request))
    return changed(schemas.encode_order(order))


async def delete_order(request: Request) -> Response:
    await request.app[ORDERS].delete(await _order_id(request), if_match(request))
    return no_content()


async def pay_order(request: Request) -> Response:
    return changed(schemas.encode_order(await request.app[ORDERS].pay(await _order_id(request))))


async def ship_order(request: Request) -> Response:
    return changed(schemas.encode_order(await request.app[ORDERS].ship(await _order_id(request))))


async def deliver_order(request: Request) -> Response:
    return changed(
        schemas.encode_order(await request.app[ORDERS].deliver(await _order_id(request)))
    )


async def cancel_order(request: Request) -> Response:
    return changed(schemas.encode_order(await request.app[ORDERS].cancel(await _order_id(request))))


async def _order_id(request: Request) -> str:
    """Return which order is meant; raise UnknownOrder where a shopper means another's."""
    order_id = request.match_info["orderId"]
    if is_shopper():
        check_own(order_id, await request.app[ORDERS].view(order_id))
    return order_id

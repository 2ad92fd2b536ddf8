"""HTTP in and out: load, call the service, dump. A handler is an operationId of swagger.yaml."""

from collections.abc import Mapping
from typing import Any

from aiohttp.web import AppKey, Request, Response, StreamResponse

from shop.common.feed import follow
from shop.common.web import (
    Outcome,
    answered,
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
    side_by_side,
)
from shop.customer import schemas
from shop.customer.erasure import Eraser
from shop.customer.model import CustomerStatus
from shop.customer.service import CustomerOrders, Customers

CUSTOMERS = AppKey("customers", Customers)
ERASER = AppKey("eraser", Eraser)
ORDERS = AppKey("orders", CustomerOrders)

_draft = schemas.CustomerDraftSchema()
_patch = schemas.CustomerPatchSchema()
_link = schemas.OrderLinkDraftSchema()
_links = schemas.OrderLinkBatchSchema()


async def create_customer(request: Request) -> Response:
    details = await body(request, _draft)

    async def make(customer_id: str) -> Response:
        customer = await request.app[CUSTOMERS].register(details, customer_id)
        return created(request, f"/customers/{customer_id}", schemas.encode_customer(customer))

    return await once(request, "cus", make)


async def list_customers(request: Request) -> Response:
    page = await request.app[CUSTOMERS].find(**query(request))
    return listing(request, page, schemas.dump_customer)


async def watch_customers(request: Request) -> StreamResponse:
    return await follow(request, **query(request))


async def get_customer(request: Request) -> Response:
    return representation(request, await request.app[CUSTOMERS].view(_customer_id(request)))


async def replace_customer(request: Request) -> Response:
    details = await body(request, _draft)
    customer = await request.app[CUSTOMERS].replace(
        _customer_id(request), details, if_match(request)
    )
    return changed(schemas.encode_customer(customer))


async def patch_customer(request: Request) -> Response:
    change = await patch(request, _patch, _draft)
    customer = await request.app[CUSTOMERS].amend(_customer_id(request), change, if_match(request))
    return changed(schemas.encode_customer(customer))


async def delete_customer(request: Request) -> Response:
    await request.app[CUSTOMERS].remove(_customer_id(request), if_match(request))
    return no_content()


async def activate_customer(request: Request) -> Response:
    return await _set_status(request, CustomerStatus.ACTIVE)


async def deactivate_customer(request: Request) -> Response:
    return await _set_status(request, CustomerStatus.INACTIVE)


async def list_customer_erasures(request: Request) -> Response:
    page = await request.app[ERASER].find(**query(request))
    return listing(request, page, schemas.dump_erasure)


async def link_order(request: Request) -> Response:
    details = await body(request, _link)
    put = await _put(request, {**_ids(request), "details": details}, if_match(request))
    return answered(request, put)


async def batch_customer_orders(request: Request) -> Response:
    batch = await body(request, _links)
    return await side_by_side(_BY_OP[each["op"]](request, each) for each in batch["operations"])


async def list_customer_orders(request: Request) -> Response:
    page = await request.app[ORDERS].find(_customer_id(request), **query(request))
    return listing(request, page, schemas.dump_link)


async def get_customer_order(request: Request) -> Response:
    return representation(request, await request.app[ORDERS].view(**_ids(request)))


async def unlink_order(request: Request) -> Response:
    unlinked = await _unlink(request, {**_ids(request), **query(request)}, if_match(request))
    return answered(request, unlinked)


async def _put(
    request: Request, asked: Mapping[str, Any], expected: frozenset[int] | None = None
) -> Outcome:
    customer_id, order_id = asked["customer_id"], asked["order_id"]
    link = await request.app[ORDERS].link(customer_id, order_id, asked["details"], expected)
    if link.is_new:
        path = f"/customerOrders/{customer_id}/{order_id}"
        return Outcome(201, schemas.encode_link(link), path)
    return Outcome(200, schemas.encode_link(link))


async def _unlink(
    request: Request, asked: Mapping[str, Any], expected: frozenset[int] | None = None
) -> Outcome:
    await request.app[ORDERS].unlink(
        asked["customer_id"], asked["order_id"], asked["order_version"], expected
    )
    return Outcome(204)


_BY_OP = {"link": _put, "unlink": _unlink}


def _ids(request: Request) -> Mapping[str, str]:
    return {"customer_id": _customer_id(request), "order_id": request.match_info["orderId"]}


async def _set_status(request: Request, status: CustomerStatus) -> Response:
    customer = await request.app[CUSTOMERS].set_status(_customer_id(request), status)
    return changed(schemas.encode_customer(customer))


def _customer_id(request: Request) -> str:
    return request.match_info["customerId"]

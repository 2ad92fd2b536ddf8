"""HTTP in and out: load, call the service, dump. A handler is an operationId of swagger.yaml."""

from aiohttp.web import AppKey, Request, Response

from shop.common.web import (
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
from shop.customer import schemas
from shop.customer.model import CustomerStatus
from shop.customer.service import CustomerOrders, Customers

CUSTOMERS = AppKey("customers", Customers)
ORDERS = AppKey("orders", CustomerOrders)

_draft = schemas.CustomerDraftSchema()
_patch = schemas.CustomerPatchSchema()
_link = schemas.OrderLinkDraftSchema()


async def create_customer(request: Request) -> Response:
    details = await body(request, _draft)

    async def make(customer_id: str) -> Response:
        customer = await request.app[CUSTOMERS].register(details, customer_id)
        return created(request, f"/customers/{customer_id}", schemas.encode_customer(customer))

    return await once(request, "cus", make)


async def list_customers(request: Request) -> Response:
    page = await request.app[CUSTOMERS].find(**query(request))
    return listing(request, page, schemas.dump_customer)


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


async def link_order(request: Request) -> Response:
    details = await body(request, _link)
    customer_id, order_id = _customer_id(request), request.match_info["orderId"]
    link = await request.app[ORDERS].link(customer_id, order_id, details, if_match(request))
    if link.is_new:
        path = f"/customerOrders/{customer_id}/{order_id}"
        return created(request, path, schemas.encode_link(link))
    return changed(schemas.encode_link(link))


async def list_customer_orders(request: Request) -> Response:
    page = await request.app[ORDERS].find(_customer_id(request), **query(request))
    return listing(request, page, schemas.dump_link)


async def get_customer_order(request: Request) -> Response:
    customer_id, order_id = _customer_id(request), request.match_info["orderId"]
    return representation(request, await request.app[ORDERS].view(customer_id, order_id))


async def unlink_order(request: Request) -> Response:
    customer_id, order_id = _customer_id(request), request.match_info["orderId"]
    await request.app[ORDERS].unlink(
        customer_id, order_id, **query(request), expected=if_match(request)
    )
    return no_content()


async def _set_status(request: Request, status: CustomerStatus) -> Response:
    customer = await request.app[CUSTOMERS].set_status(_customer_id(request), status)
    return changed(schemas.encode_customer(customer))


def _customer_id(request: Request) -> str:
    return request.match_info["customerId"]

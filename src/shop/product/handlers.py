"""HTTP in and out: load, call the service, dump. A handler is an operationId of swagger.yaml."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aiohttp.web import AppKey, Request, Response

from shop.common.web import (
    Outcome,
    answered,
    body,
    changed,
    created,
    encoded,
    encoded_listing,
    if_match,
    listing,
    no_content,
    once,
    patch,
    query,
    representation,
    side_by_side,
)
from shop.product import schemas
from shop.product.pages import Pages
from shop.product.service import Adjustments, Catalogue, Reservations

CATALOGUE = AppKey("catalogue", Catalogue)
PAGES = AppKey("pages", Pages)
ADJUSTMENTS = AppKey("adjustments", Adjustments)
RESERVATIONS = AppKey("reservations", Reservations)

_draft = schemas.ProductDraftSchema()
_replacement = schemas.ProductReplacementSchema()
_patch = schemas.ProductPatchSchema()
_adjustment = schemas.StockAdjustmentDraftSchema()
_reservation = schemas.ReservationDraftSchema()
_reservations = schemas.ReservationBatchSchema()


async def create_product(request: Request) -> Response:
    draft = await body(request, _draft)

    async def make(product_id: str) -> Response:
        product = await request.app[CATALOGUE].create(**draft, product_id=product_id)
        return created(request, f"/products/{product_id}", schemas.encode_product(product))

    return await once(request, "prd", make)


async def list_products(request: Request) -> Response:
    chosen = query(request)
    given = {name: value for name, value in chosen.items() if value is not None}
    if given.keys() <= {"ids", "limit", "cursor"} and "ids" in given:  # known one by one
        return listing(request, await request.app[CATALOGUE].view_all(**given), encoded)
    return encoded_listing(request, await request.app[PAGES].find(**chosen))


async def get_product(request: Request) -> Response:
    return representation(request, await request.app[CATALOGUE].view(_product_id(request)))


async def replace_product(request: Request) -> Response:
    details = await body(request, _replacement)
    product = await request.app[CATALOGUE].replace(_product_id(request), details, if_match(request))
    return changed(schemas.encode_product(product))


async def patch_product(request: Request) -> Response:
    change = await patch(request, _patch, _replacement)
    product = await request.app[CATALOGUE].patch(_product_id(request), change, if_match(request))
    return changed(schemas.encode_product(product))


async def delete_product(request: Request) -> Response:
    await request.app[CATALOGUE].delete(_product_id(request), if_match(request))
    return no_content()


async def adjust_stock(request: Request) -> Response:
    product_id = _product_id(request)
    wanted = await body(request, _adjustment)

    async def make(adjustment_id: str) -> Response:
        adjustment = await request.app[ADJUSTMENTS].adjust(
            product_id, **wanted, adjustment_id=adjustment_id
        )
        where = f"/products/{product_id}/stockAdjustments/{adjustment_id}"
        return created(request, where, schemas.encode_adjustment(adjustment))

    return await once(request, "adj", make)


async def list_stock_adjustments(request: Request) -> Response:
    page = await request.app[ADJUSTMENTS].find(_product_id(request), **query(request))
    return listing(request, page, schemas.dump_adjustment)


async def get_stock_adjustment(request: Request) -> Response:
    adjustment_id = request.match_info["adjustmentId"]
    adjustment = await request.app[ADJUSTMENTS].get(_product_id(request), adjustment_id)
    return representation(request, schemas.encode_adjustment(adjustment))


async def reserve_stock(request: Request) -> Response:
    order_id = _order_id(request)
    draft = await body(request, _reservation)
    reserved = await _reserve(request, {"order_id": order_id, **draft}, if_match(request))
    return answered(request, reserved)


async def batch_reservations(request: Request) -> Response:
    batch = await body(request, _reservations)
    return await side_by_side(_BY_OP[each["op"]](request, each) for each in batch["operations"])


async def list_reservations(request: Request) -> Response:
    page = await request.app[RESERVATIONS].find(**query(request))
    return listing(request, page, schemas.dump_reservation)


async def get_reservation(request: Request) -> Response:
    reservation = await request.app[RESERVATIONS].get(_order_id(request))
    return representation(request, schemas.encode_reservation(reservation))


async def commit_reservation(request: Request) -> Response:
    return answered(request, await _commit(request, {"order_id": _order_id(request)}))


async def release_reservation(request: Request) -> Response:
    return answered(request, await _release(request, {"order_id": _order_id(request)}))


async def _reserve(
    request: Request, asked: Mapping[str, Any], expected: frozenset[int] | None = None
) -> Outcome:
    order_id = asked["order_id"]
    wanted = [(line["product_id"], line["quantity"]) for line in asked["lines"]]
    ttl = timedelta(seconds=asked["ttl_seconds"])
    reserved = await request.app[RESERVATIONS].reserve(order_id, wanted, ttl, expected)
    shown = schemas.encode_reservation(reserved.reservation)
    if reserved.created:
        return Outcome(201, shown, f"/reservations/{order_id}")
    return Outcome(200, shown)


async def _commit(request: Request, asked: Mapping[str, Any]) -> Outcome:
    reservation = await request.app[RESERVATIONS].commit(asked["order_id"])
    return Outcome(200, schemas.encode_reservation(reservation))


async def _release(request: Request, asked: Mapping[str, Any]) -> Outcome:
    reservation = await request.app[RESERVATIONS].release(asked["order_id"])
    return Outcome(200, schemas.encode_reservation(reservation))


_BY_OP = {"reserve": _reserve, "commit": _commit, "release": _release}


def _product_id(request: Request) -> str:
    return request.match_info["productId"]


def _order_id(request: Request) -> str:
    return request.match_info["orderId"]

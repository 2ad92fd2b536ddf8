"""What is asked of one peer at the same time travels as one request; each learns its own answer."""

import asyncio
from typing import Any

import pytest
from tests.fakes.order.batches import BatchPeer, Entry, served
from tests.fakes.order.store_suite import confirmed, pending

from shop.common import trace
from shop.common.errors import ShopError, Unavailable
from shop.common.peer import Deadline, deadline_scope
from shop.order.model import Line, Offer, Reason, Standing
from shop.order.peers import HttpCustomer, HttpProduct, UnexpectedAnswer

LINES = (Line("prd_1", 2),)


def problem(status: int, code: str, **members: Any) -> tuple[int, Any]:
    told = {"type": "about:blank", "title": "No", "status": status, "detail": "It is so."}
    return status, {**told, "code": code, "traceId": "0" * 32, **members}


def reservation(entry: Entry) -> tuple[int, Any]:
    """Answer by what the order is called."""
    order_id, op = entry["orderId"], entry["op"]
    if "short" in order_id:
        return problem(409, "insufficient-stock", shortages=[{"productId": "prd_1"}])
    if "busy" in order_id:
        return problem(503, "unavailable")
    if "none" in order_id:
        return problem(404, "not-found")
    if "odd" in order_id:
        return problem(429, "too-many")
    state = {"reserve": "held", "commit": "committed", "release": "released"}[op]
    price = {"amount": 1999, "currency": "EUR"}
    line = {"productId": "prd_1", "sku": order_id, "name": "Lamp", "unitPrice": price}
    shown = {"orderId": order_id, "state": state, "expiresAt": "2026-01-31T12:15:00.000Z"}
    return (201 if op == "reserve" else 200), {**shown, "lines": [{**line, "quantity": 2}]}


def link(entry: Entry) -> tuple[int, Any]:
    if entry["op"] == "unlink":
        return 204, None
    if entry["customerId"] == "cus_none":
        return problem(404, "not-found")
    if "gone" in entry["orderId"]:
        return problem(409, "order-unlinked")
    return 201, {"customerStatus": "active"}


@pytest.fixture
async def peer() -> BatchPeer:
    return BatchPeer(reservation)


@pytest.fixture
async def product(peer: BatchPeer) -> Any:
    async with served(peer, "product") as client:
        yield HttpProduct(client)


async def reserve(product: HttpProduct, order_id: str, timeout_s: float = 5.0) -> Any:
    """Return the offer, the reason or the error."""
    try:
        return await product.reserve(order_id, LINES, 900, timeout_s)
    except ShopError as error:
        return error


async def test_one_alone_goes_as_the_single_call(product: HttpProduct, peer: BatchPeer) -> None:
    await product.reserve("ord_1", LINES, 900, 5.0)
    await product.commit("ord_1", 5.0)
    await product.release("ord_1", 5.0)
    assert [path for _, path in peer.singles] == [
        "/reservations/ord_1",
        "/reservations/ord_1/commit",
        "/reservations/ord_1/release",
    ]
    assert peer.batches == []


async def test_what_is_asked_at_once_goes_as_one_and_each_has_its_own_answer(
    product: HttpProduct, peer: BatchPeer
) -> None:
    offers = [reserve(product, f"ord_{n}") for n in range(20)]
    others = (product.commit("ord_paid", 5.0), product.commit("ord_none", 5.0))
    *offers, short, busy, odd, paid, unknown, released = await asyncio.gather(
        *offers,
        *(reserve(product, name) for name in ("ord_short", "ord_busy", "ord_odd")),
        *others,
        product.release("ord_cancelled", 5.0),
    )
    [batch] = peer.batches
    wanted = {"lines": [{"productId": "prd_1", "quantity": 2}], "ttlSeconds": 900}
    assert batch[0] == {"op": "reserve", "orderId": "ord_0", **wanted}
    assert batch[-1] == {"op": "release", "orderId": "ord_cancelled"}
    assert [isinstance(o, Offer) and o.items["prd_1"].sku for o in offers] == [
        f"ord_{n}" for n in range(20)
    ]
    assert short == Reason(
        "insufficient-stock", "It is so.", {"shortages": [{"productId": "prd_1"}]}
    )
    assert isinstance(busy, Unavailable)
    assert isinstance(odd, UnexpectedAnswer)
    assert (paid, released) == (None, None)
    assert unknown.code == "reservation-missing"
    assert peer.singles == []


async def test_links_go_together_as_well() -> None:
    peer = BatchPeer(link)
    async with served(peer, "customer") as client:
        customer = HttpCustomer(client)
        outcomes = await asyncio.gather(
            customer.link(confirmed(pending("ord_1")), 5.0),
            customer.link(pending("ord_2", "cus_none"), 5.0),
            customer.link(pending("ord_gone"), 5.0),
            customer.unlink(pending("ord_3"), 5.0),
        )
    assert outcomes == [Standing.ACTIVE, Standing.UNKNOWN, Standing.UNLINKED, None]
    [batch] = peer.batches
    assert batch[0] == {
        "op": "link",
        "customerId": "cus_1",
        "orderId": "ord_1",
        "status": "confirmed",
        "total": {"amount": 5000, "currency": "EUR"},
        "placedAt": "2026-01-31T12:00:00.000Z",
        "orderVersion": 1,
    }
    assert batch[3] == {
        "op": "unlink",
        "customerId": "cus_1",
        "orderId": "ord_3",
        "orderVersion": 1,
    }


@pytest.mark.parametrize("status", [404, 405, 413, 422])
async def test_where_a_batch_is_refused_as_a_whole_each_goes_alone(
    product: HttpProduct, peer: BatchPeer, status: int
) -> None:
    """As by an instance of an older version, or for the sake of one entry."""
    peer.whole = problem(status, "refused")
    offers = await asyncio.gather(*(reserve(product, f"ord_{n}") for n in range(3)))
    assert [type(offer) for offer in offers] == [Offer] * 3
    assert len(peer.singles) == 3


@pytest.mark.parametrize("whole", [problem(500, "internal-error"), (200, {"outcomes": []})])
async def test_where_a_batch_fails_as_a_whole_no_outcome_is_known(
    product: HttpProduct, peer: BatchPeer, whole: Any
) -> None:
    peer.whole = whole
    outcomes = await asyncio.gather(*(reserve(product, f"ord_{n}") for n in range(3)))
    assert all(isinstance(outcome, (Unavailable, UnexpectedAnswer)) for outcome in outcomes)
    assert peer.singles == []


async def test_each_waits_for_its_own_time_and_the_batch_has_that_of_the_most_patient(
    product: HttpProduct, peer: BatchPeer
) -> None:
    peer.hold = {"ord_patient"}
    patient = asyncio.create_task(reserve(product, "ord_patient", 20.0))
    hasty = asyncio.create_task(reserve(product, "ord_hasty", 0.05))
    with deadline_scope(Deadline.after(0.05)):
        last = asyncio.create_task(reserve(product, "ord_last", 20.0))
    for given_up in (await hasty, await last):
        assert isinstance(given_up, Unavailable)
        assert given_up.detail == "product did not answer"
    assert not patient.done()
    peer.go_on.set()
    assert isinstance(await patient, Offer)
    [headers] = peer.headers
    assert 5_000 < int(headers["Request-Timeout-Ms"]) <= 20_000


async def test_a_batch_that_hangs_does_not_hold_up_the_next(
    product: HttpProduct, peer: BatchPeer
) -> None:
    peer.hold = {"ord_hangs"}
    hangs = [asyncio.create_task(reserve(product, name)) for name in ("ord_hangs", "ord_beside")]
    await peer.held.wait()
    offers = await asyncio.gather(*(reserve(product, f"ord_{n}") for n in range(3)))
    assert [type(offer) for offer in offers] == [Offer] * 3
    assert not hangs[0].done()
    peer.go_on.set()
    assert [type(offer) for offer in await asyncio.gather(*hangs)] == [Offer] * 2


async def test_a_batch_carries_the_trace_of_who_came_first(
    product: HttpProduct, peer: BatchPeer
) -> None:
    async def traced(order_id: str) -> str:
        mine = trace.Trace.of(None)
        trace.enter(mine)
        await product.reserve(order_id, LINES, 900, 5.0)
        return mine.trace_id

    for names in (("ord_1",), ("ord_2", "ord_3")):
        peer.headers.clear()
        first, *_ = await asyncio.gather(*map(traced, names))
        [headers] = peer.headers
        assert first in headers["traceparent"]

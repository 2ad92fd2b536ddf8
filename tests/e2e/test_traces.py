"""One order, one trace: through three real processes, sent to a collector."""

import asyncio
import json
from collections import Counter

import pytest
from tests.asking import Api, add_customer, add_product, until
from tests.e2e.collector import collecting
from tests.e2e.fleet import kill

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("traced")]
SERVER, CLIENT = 2, 3  # of opentelemetry.proto.trace.v1.Span.SpanKind
TRACE_ID = "5ce0e9a56015fec5aadfa328ae398115"
CALLER = f"00-{TRACE_ID}-ab54a98ceb1f0ad2-01"


@pytest.fixture(scope="module")
async def traced(new_shop):
    """A shop with one instance of each service that sends its traces, and where they come."""
    async with collecting() as (collector, url):
        shop = new_shop(OTEL_EXPORTER_OTLP_ENDPOINT=url, OTEL_BSP_SCHEDULE_DELAY="100")
        up = await asyncio.to_thread(shop.run, "up", "--free-ports", "--instances", "1")
        assert up.returncode == 0, up.stdout + up.stderr
        yield shop, collector
        await asyncio.to_thread(shop.run, "down")


async def _draft(shop):
    async with (
        Api(f"{shop.url('product')}/api/v1") as products,
        Api(f"{shop.url('customer')}/api/v1") as customers,
    ):
        line = {"productId": await add_product(products), "quantity": 1}
        return {"customerId": await add_customer(customers), "lines": [line]}


async def _linked(orders, order_id):
    return await until(
        lambda: orders.get(f"/orders/{order_id}"),
        lambda order: order["customerLink"] == "linked" and order["status"] == "confirmed",
    )


def _traces_logged(shop, event, order_id):
    """Return the traces that the lines of such an event about an order name."""
    logs = [log.read_text().splitlines() for log in (shop.home / "logs").glob("order*.log")]
    lines = [json.loads(line) for log in logs for line in log if line.startswith("{")]
    return {
        line.get("traceId")
        for line in lines
        if line["event"] == event and line["order"] == order_id
    }


def _whole(spans):
    """Every span's parent has come, but for the caller's own."""
    ids = {span.span_id for span in spans}
    return all(span.parent_id in ids for span in spans if span.parent_id != CALLER[36:52])


async def test_an_order_is_one_trace_over_all_services_and_stores(traced):
    shop, collector = traced
    draft = await _draft(shop)
    async with Api(f"{shop.url('order')}/api/v1") as orders:
        placed = await orders.post("/orders", draft, traceparent=CALLER)
        assert placed.status == 201
        assert placed.headers["traceparent"][3:35] == TRACE_ID
        await _linked(orders, placed.body["id"])

    def complete() -> bool:
        told = Counter((span.service, span.name) for span in collector.of(TRACE_ID))
        links = told["customer", "PUT /api/v1/customerOrders/{customerId}/{orderId}"]
        reserved = told["product", "PUT /api/v1/reservations/{orderId}"]
        return bool(links and reserved) and _whole(collector.of(TRACE_ID))

    await collector.until(complete)
    spans = collector.of(TRACE_ID)
    by_id = {span.span_id: span for span in spans}
    assert {span.service for span in spans} == {"customer", "product", "order"}
    assert len(by_id) == len(spans)
    stores = Counter(
        (span.service, span.attributes["db.system.name"])
        for span in spans
        if "db.system.name" in span.attributes
    )
    assert {store for _, store in stores} == {"mongodb", "redis"}
    assert {service for service, _ in stores} == {"customer", "product", "order"}
    (first,) = [span for span in spans if span.parent_id == CALLER[36:52]]
    assert (first.service, first.name, first.kind) == ("order", "POST /api/v1/orders", SERVER)
    for span in spans:
        if span.kind == SERVER and span is not first:  # each was called by a call of order's
            call = by_id[span.parent_id]
            assert (call.service, call.kind) == ("order", CLIENT)
            assert by_id[call.parent_id].name in ("step place", "step link")
    asserted = json.dumps([span.attributes for span in spans])
    assert draft["customerId"] not in asserted
    assert "@" not in asserted


async def test_an_order_that_had_to_wait_is_finished_in_the_trace_that_it_began_in(traced):
    shop, collector = traced
    draft = await _draft(shop)
    trace_id = TRACE_ID[::-1]
    kill(shop, "customer")
    async with Api(f"{shop.url('order')}/api/v1") as orders:
        caller = CALLER.replace(TRACE_ID, trace_id)
        waits = await orders.post("/orders", draft, traceparent=caller)
        assert waits.status == 202
        up = await asyncio.to_thread(shop.run, "up", "--free-ports", "--instances", "1")
        assert up.returncode == 0, up.stdout + up.stderr
        await _linked(orders, waits.body["id"])

    def complete() -> bool:
        spans = collector.of(trace_id)
        done = [span for span in spans if span.name == "relay"]
        services = {span.service for span in spans}
        return bool(done) and _whole(spans) and services == {"customer", "product", "order"}

    await collector.until(complete)
    spans = collector.of(trace_id)
    (first,) = [span for span in spans if span.parent_id == CALLER[36:52]]
    relays = [span for span in spans if span.name == "relay"]
    assert {relay.parent_id for relay in relays} == {first.span_id}
    steps = {(span.name, span.failed) for span in spans if span.name.startswith("step")}
    assert ("step place", True) in steps
    assert ("step place", False) in steps
    assert _traces_logged(shop, "step failed", waits.body["id"]) == {trace_id}


async def test_a_request_that_began_no_trace_is_one_of_its_own(traced):
    shop, collector = traced
    async with Api(f"{shop.url('order')}/api/v1") as orders:
        answer = await orders.get("/orders/ord_01arz3ndektsv4rrffq69g5fav")
    assert answer.status == 404
    trace_id = answer.body["traceId"]
    await collector.until(lambda: any(not s.parent_id for s in collector.of(trace_id)))
    (root,) = [span for span in collector.of(trace_id) if not span.parent_id]
    assert root.attributes["http.response.status_code"] == 404
    assert root.attributes["shop.operation"] == "get_order"

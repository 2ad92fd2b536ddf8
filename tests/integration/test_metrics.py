"""What the services tell Prometheus after a bit of everything: all of it, and not too much."""

import asyncio
import os
import re
import ssl
import sys
from collections import defaultdict
from contextlib import asynccontextmanager
from pathlib import Path
from time import time
from urllib.parse import quote
from uuid import uuid4

import aiohttp
import pytest
import trustme
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from pymongo import AsyncMongoClient
from tests.asking import Api, add_customer, add_product, until
from tests.integration.common.web.process import Service
from tests.served import at_rest, served_shop

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
SERVICES = ("customer", "product", "order")
MOST_SERIES = 3000  # of one instance, each bucket counted

# Every label that may be there, and what its values are.
_ANY = re.compile(r".*")
CLOSED = {
    "operation": re.compile(r"-|[a-z_]+|[A-Za-z]+\.[a-z_]+"),
    "status": re.compile(r"[1-5][0-9][0-9]|confirmed|rejected"),
    "command": re.compile(
        "aggregate|createIndexes|delete|find|findAndModify|getMore|hello|insert|killCursors|ping"
        "|update|other"
    ),
    "step": re.compile("place|link|commit|release|unlink|purge|cancel_unpaid"),
    "outcome": re.compile(
        "ok|failed|done|hit|absent|miss|bypassed|answered|unreachable|broken-off|timeout|error"
        "|dropped"
    ),
    "peer": re.compile("customer|product"),
    "peer_instance": re.compile("[0-9.]+:[0-9]+"),
    "generation": re.compile("[012]"),
    "reason": re.compile("[a-z-]+"),
    "to": re.compile("closed|half-open|open"),
    "limit": re.compile("reads|writes"),
    "certificate": re.compile("own|authority"),
    "le": re.compile(r"[0-9.e-]+|\+Inf"),
    "implementation": _ANY,
    "major": _ANY,
    "minor": _ANY,
    "patchlevel": _ANY,
    "version": _ANY,
}


@pytest.fixture(scope="module")
async def scraped(mongo_uri, redis_url, tmp_path_factory):
    """The series of each service after a mixed load; and of one that refuses (``guarded``)."""
    folder = tmp_path_factory.mktemp("guarded")
    async with (
        served_shop(mongo_uri, redis_url) as shop,
        _guarded(mongo_uri, redis_url, folder) as (url, known),
    ):
        await _load(shop)
        await at_rest(shop.placed)
        found = {name: await _scrape(getattr(shop, name).url) for name in SERVICES}
        await _be_refused(url, known)
        yield {**found, "guarded": await _scrape(url, known)}


@asynccontextmanager
async def _guarded(mongo_uri, redis_url, folder):
    """Run a product that asks for certificates and tokens, and that nobody may write to often."""
    ca, database = trustme.CA(), f"guarded_{uuid4().hex}"
    own = ca.issue_cert("product")
    (folder / "ca.pem").write_bytes(ca.cert_pem.bytes())
    (folder / "own.pem").write_bytes(own.private_key_and_cert_chain_pem.bytes())
    variables = {
        "SHOP_MONGO_URI": mongo_uri,
        "SHOP_MONGO_DATABASE": database,
        "SHOP_REDIS_URL": redis_url,
        "SHOP_CONSUL_HTTP_ADDR": "",
        "SHOP_HTTP_PORT": "0",
        "SHOP_AUTH": "on",
        "SHOP_AUTH_HS256_SECRET": 32 * "s",
        "SHOP_RATE_WRITES": "0.001",
        "SHOP_RATE_BURST_S": "3000",
        "SHOP_TLS_CERT": str(folder / "own.pem"),
        "SHOP_TLS_CA": str(folder / "ca.pem"),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "shop.product"),
        env={**os.environ, **variables},
        stderr=asyncio.subprocess.PIPE,
    )
    service = Service(process)
    known = ssl.create_default_context(cadata=ca.cert_pem.bytes().decode())
    ca.issue_cert("order").configure_cert(known)
    try:
        async with asyncio.timeout(60):
            url = await service.listens()
        yield url, known
    finally:
        await service.close()
        async with AsyncMongoClient(mongo_uri) as client:
            await client.drop_database(database)


async def _be_refused(url, known):
    stranger = ssl.create_default_context()
    stranger.check_hostname, stranger.verify_mode = False, ssl.CERT_NONE
    made_up = {"Authorization": "Bearer made.up.token"}
    statuses = [
        await _status(url, known, made_up),
        await _status(url, known, {}),
        await _status(url, known, {}),
        await _status(url, known, {}),
        await _status(url, stranger, {}),
    ]
    assert statuses == [401, 401, 401, 429, 403]


async def _status(url, context, headers):
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session,
        session.post(
            f"{url}/api/v1/products", json={}, headers=headers, server_hostname="product"
        ) as answer,
    ):
        return answer.status


async def _load(shop):
    customer, product = await add_customer(shop.customers), await add_product(shop.products)
    draft = {"customerId": customer, "lines": [{"productId": product, "quantity": 1}]}
    async with shop.without("customer"):
        waits = await shop.orders.post("/orders", draft)
    await until(
        lambda: shop.orders.get(f"/orders/{waits.body['id']}"),
        lambda order: order["status"] == "confirmed",
    )
    placed = await asyncio.gather(*(shop.orders.post("/orders", draft) for _ in range(8)))
    for _ in range(3):
        await shop.orders.get(f"/orders/{placed[0].body['id']}")
        await shop.customers.get(f"/customers/{customer}")
    await shop.orders.post(f"/orders/{placed[0].body['id']}/pay")
    await shop.orders.post(f"/orders/{placed[1].body['id']}/cancel")
    nothing = {"customerId": customer, "lines": [{"productId": "prd_none", "quantity": 1}]}
    await shop.orders.post("/orders", nothing)
    for api in (shop.customers, shop.products, shop.orders):
        await _nonsense(api)


async def _nonsense(api: Api) -> None:
    root = Api(api.url.removesuffix("/api/v1"))
    async with root:
        for number in range(20):
            made_up = quote(f"no such thing {number} é'{{}}")
            await root.get(f"/{made_up}")
            for folder in ("customers", "products", "orders", "customerOrders", "reservations"):
                await api.get(f"/{folder}/{made_up}")
                await api.get(f"/{folder}/x_{number:026d}", traceparent=f"00-{number:032x}-1-01")
                await api.ask("PUT", f"/{folder}/{made_up}", {"a": number})
        await api.ask("BREW", "/customers")


async def _scrape(url: str, context: ssl.SSLContext | None = None):
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    async with (
        aiohttp.ClientSession(headers=accept) as session,
        session.get(
            f"{url}/metrics", ssl=context or True, server_hostname=context and "product"
        ) as answer,
    ):
        assert answer.status == 200
        assert answer.content_type == "application/openmetrics-text"
        text = await answer.text()
    return list(text_string_to_metric_families(text))


def samples(families):
    return [sample for family in families for sample in family.samples]


def test_no_label_has_values_that_callers_choose(scraped):
    values = defaultdict(set)
    for families in scraped.values():
        for sample in samples(families):
            for label, value in sample.labels.items():
                values[label].add(value)
    assert values.keys() <= CLOSED.keys()
    strange = {
        (label, value)
        for label, found in values.items()
        for value in found
        if not CLOSED[label].fullmatch(value)
    }
    assert not strange


@pytest.mark.parametrize("service", SERVICES)
def test_the_number_of_series_is_bounded(scraped, service):
    assert len(samples(scraped[service])) < MOST_SERIES


@pytest.mark.parametrize(
    ("service", "name", "labels"),
    [
        ("order", "shop_http_request_seconds_count", {"operation": "place_order", "status": "201"}),
        ("order", "shop_order_step_seconds_count", {"step": "place", "outcome": "done"}),
        ("order", "shop_order_step_seconds_count", {"step": "place", "outcome": "failed"}),
        ("order", "shop_order_decided_seconds_count", {"status": "confirmed"}),
        ("order", "shop_order_decided_seconds_count", {"status": "rejected"}),
        ("order", "shop_peer_attempt_seconds_count", {"peer": "product", "outcome": "answered"}),
        ("order", "shop_mongo_command_seconds_count", {"command": "insert", "outcome": "ok"}),
        ("order", "shop_mongo_connections_open", {}),
        ("order", "shop_gathered_calls_count", {"operation": "OrderWrites.insert"}),
        ("product", "shop_gathered_calls_count", {"operation": "MongoShelf.apply"}),
        ("customer", "shop_cache_reads_total", {"outcome": "hit"}),
        ("customer", "shop_cache_reads_total", {"outcome": "miss"}),
        ("customer", "shop_redis_seconds_count", {}),
        ("customer", "shop_redis_connected", {}),
        ("customer", "shop_loop_lag_seconds_count", {}),
        ("customer", "process_resident_memory_bytes", {}),
        ("customer", "process_open_fds", {}),
        ("guarded", "shop_http_refused_total", {"operation": "create_product"}),
        ("guarded", "shop_http_refused_total", {"reason": "no-token"}),
        ("guarded", "shop_http_refused_total", {"reason": "invalid-token"}),
        ("guarded", "shop_http_refused_total", {"operation": "-"}),
        ("guarded", "shop_http_rate_limited_total", {"limit": "writes"}),
        ("guarded", "shop_http_rate_callers_over", {"limit": "writes"}),
    ],
)
def test_what_was_done_was_counted(scraped, service, name, labels):
    found = [
        sample.value
        for sample in samples(scraped[service])
        if sample.name == name and labels.items() <= sample.labels.items()
    ]
    assert sum(found) > 0


def test_it_is_told_until_when_certificates_hold_where_there_are_any(scraped):
    name = "shop_tls_certificate_expiry_timestamp_seconds"
    told = {
        service: {s.labels["certificate"]: s.value for s in samples(families) if s.name == name}
        for service, families in scraped.items()
    }
    guarded = told.pop("guarded")
    assert guarded.keys() == {"own", "authority"}
    assert min(guarded.values()) > time()
    assert told == {service: {} for service in SERVICES}


def test_nothing_waits_for_a_connection_or_an_answer_at_rest(scraped):
    at_rest = {"shop_mongo_connections_waiting", "shop_redis_waiting", "shop_http_in_flight"}
    for families in scraped.values():
        told = {s.name: s.value for s in samples(families) if s.name in at_rest}
        assert told == dict.fromkeys(at_rest, 0.0)


def test_requests_are_shown_with_an_example_of_a_trace(scraped):
    examples = [
        sample.exemplar.labels["trace_id"]
        for sample in samples(scraped["order"])
        if sample.name == "shop_http_request_seconds_bucket" and sample.exemplar
    ]
    assert examples
    assert all(re.fullmatch("[0-9a-f]{32}", trace_id) for trace_id in examples)


def _asked_for(text: str) -> set[str]:
    return set(re.findall(r"\b(?:shop|process)_[a-z_]+", text))


@pytest.mark.parametrize("file", ["prometheus/alerts.yml", "grafana/dashboards/shop.json"])
def test_what_alerts_and_dashboard_ask_for_is_there(scraped, file):
    there = {sample.name for families in scraped.values() for sample in samples(families)}
    asked = _asked_for((OPERATIONS.parents[1] / "compose" / file).read_text("utf-8"))
    assert len(asked) > 8
    assert asked - there == set()


def _documented() -> set[str]:
    """Every name in the first column of a table of metrics."""
    metrics, _, _ = OPERATIONS.read_text("utf-8").partition("## Dashboard")
    rows = re.findall(r"^\| (`[a-z_`, ()]+?) \|", metrics, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([a-z_]+)`", row)}


def test_the_document_lists_what_there_is_and_nothing_else(scraped):
    there = {
        family.name + ("_total" if family.type == "counter" else "")
        for families in scraped.values()
        for family in families
    }
    rare = {"process_virtual_memory_bytes"}
    assert there - _documented() - rare == set()
    assert _documented() - there == set()

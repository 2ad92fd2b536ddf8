"""Real services that know each other by certificates, with Consul between them."""

import asyncio
import os
import re
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
import trustme
from tests.e2e.fleet import passing

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("tls")]

CA = trustme.CA()
NAMES = ("customer", "product", "order")


def issue(folder: Path) -> None:
    """Give all services a new certificate, as one rename each."""
    leaf = CA.issue_cert(*NAMES)
    parts = {
        "cert.pem": b"".join(blob.bytes() for blob in leaf.cert_chain_pems),
        "key.pem": leaf.private_key_pem.bytes(),
    }
    for name, content in parts.items():
        (folder / f"{name}.new").write_bytes(content)
        (folder / f"{name}.new").rename(folder / name)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    issue(folder)
    (folder / "ca.pem").write_bytes(CA.cert_pem.bytes())
    return folder


@pytest.fixture(scope="module")
def shop(new_shop: Any, folder: Path) -> Iterator[Any]:
    files = {name: str(folder / f"{name.lower()}.pem") for name in ("CERT", "KEY", "CA")}
    shop = new_shop(**{f"SHOP_TLS_{name}": file for name, file in files.items()})
    up = shop.run("up", "--free-ports")  # returns when Consul finds all of them well
    assert up.returncode == 0, up.stdout + up.stderr
    yield shop
    shop.run("down")


def context(ca: trustme.CA | None) -> ssl.SSLContext:
    """Return that of a caller with a certificate of this authority, or with none."""
    made = ssl.create_default_context(cadata=CA.cert_pem.bytes().decode())
    if ca:
        ca.issue_cert("edge").configure_cert(made)
    return made


@pytest.fixture
async def known() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context(CA))) as session:
        yield session


async def ask(
    session: aiohttp.ClientSession, shop: Any, service: str, path: str, json: Any = None
) -> tuple[int, Any]:
    method = "GET" if json is None else "POST"
    url = shop.url(service) + path
    async with session.request(method, url, json=json, server_hostname=service) as answer:
        return answer.status, await answer.json(content_type=None)


async def test_an_order_goes_through_services_that_know_each_other(
    shop: Any, known: aiohttp.ClientSession
) -> None:
    assert len(await passing(shop.url("consul"), "customer")) == 2
    draft = {"email": f"{uuid4().hex}@example.com", "firstName": "Ada", "lastName": "Lovelace"}
    _, customer = await ask(known, shop, "customer", "/api/v1/customers", draft)
    lamp = {"sku": uuid4().hex, "name": "Lamp", "price": {"amount": 1, "currency": "EUR"}}
    lamp["initialStock"] = 5
    _, product = await ask(known, shop, "product", "/api/v1/products", lamp)
    lines = [{"productId": product["id"], "quantity": 1}]
    wanted = {"customerId": customer["id"], "lines": lines}
    status, order = await ask(known, shop, "order", "/api/v1/orders", wanted)
    assert (status, order["status"]) == (201, "confirmed")
    found = await ask(known, shop, "product", f"/api/v1/products/{product['id']}")
    assert (found[0], found[1]["stock"]["reserved"]) == (200, 1)


async def test_who_shows_no_certificate_learns_only_how_the_service_is(shop: Any) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context(None))) as nobody:
        for service in NAMES:
            status, problem = await ask(nobody, shop, service, f"/api/v1/{service}s")
            assert (status, problem["code"]) == (403, "certificate-required")
            assert (await ask(nobody, shop, service, "/health/ready"))[0] == 200
        status, problem = await ask(nobody, shop, "product", "/api/v1/products/prd_1")
        assert (status, problem["code"]) == (403, "certificate-required")


async def test_who_has_a_certificate_of_another_authority_is_not_let_in(shop: Any) -> None:
    stranger = aiohttp.TCPConnector(ssl=context(trustme.CA()))
    async with aiohttp.ClientSession(connector=stranger) as session:
        with pytest.raises(aiohttp.ClientError):
            await ask(session, shop, "customer", "/api/v1/customers")


async def test_a_service_does_not_pass_for_another(shop: Any, known: aiohttp.ClientSession) -> None:
    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        async with known.get(shop.url("customer") + "/health/ready", server_hostname="payment"):
            pass


async def test_plain_http_is_not_answered(shop: Any) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientError):
            async with session.get(shop.url("customer").replace("https", "http")):
                pass


def test_products_and_customers_are_put_in_by_tls(shop: Any) -> None:
    seeded = shop.run("seed")
    assert seeded.returncode == 0, seeded.stderr
    counts = [sum(map(int, re.findall(r"\d+", line))) for line in seeded.stdout.splitlines()]
    assert counts == [50, 20]


async def test_what_the_services_know_of_each_other_is_shown_by_tls(
    shop: Any, known: aiohttp.ClientSession
) -> None:
    await test_an_order_goes_through_services_that_know_each_other(shop, known)
    shown = shop.run("peers")
    assert shown.returncode == 0, shown.stderr
    found = {tuple(row.split()[:2]) for row in shown.stdout.splitlines()[1:]}
    callers = {each["id"] for each in shop.instances("order")}
    assert {caller for caller, _ in found} & callers
    assert {peer for caller, peer in found if caller in callers} == {"customer", "product"}


@pytest.mark.parametrize("command", ["seed", "peers"])
def test_a_command_that_has_no_certificate_says_what_to_set(shop: Any, command: str) -> None:
    nothing = {f"SHOP_TLS_{name}": "" for name in ("CERT", "KEY", "CA")}
    refused = shop.run(command, **nothing)
    assert refused.returncode == 1
    assert "speaks TLS" in refused.stderr
    assert "SHOP_TLS_CERT" in refused.stderr


@pytest.mark.parametrize("command", ["seed", "peers"])
def test_a_command_does_not_talk_to_services_of_another_authority(
    shop: Any, command: str, tmp_path: Path
) -> None:
    stranger = trustme.CA()
    leaf = stranger.issue_cert("order")
    (tmp_path / "own.pem").write_bytes(leaf.private_key_and_cert_chain_pem.bytes())
    (tmp_path / "ca.pem").write_bytes(stranger.cert_pem.bytes())
    own, ca = str(tmp_path / "own.pem"), str(tmp_path / "ca.pem")
    refused = shop.run(command, SHOP_TLS_CERT=own, SHOP_TLS_KEY="", SHOP_TLS_CA=ca)
    assert refused.returncode == 1
    assert "CERTIFICATE_VERIFY_FAILED" in refused.stderr


def test_the_probe_of_the_image_knows_tls(shop: Any) -> None:
    port = shop.url("order").rpartition(":")[2]
    env = {**os.environ, "SHOP_HTTP_PORT": port, "SHOP_TLS_CERT": "set"}
    assert subprocess.run([sys.executable, "-m", "shop.probe"], env=env).returncode == 0


async def connect(shop: Any, service: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = shop.url(service).removeprefix("https://").split(":")
    return await asyncio.open_connection(host, port, ssl=context(CA), server_hostname=service)


def number(writer: asyncio.StreamWriter) -> str:
    return str(writer.get_extra_info("peercert")["serialNumber"])


async def alive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    writer.write(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    await reader.readexactly(length)
    return head.startswith(b"HTTP/1.1 200")


async def test_a_new_certificate_is_shown_from_then_on_and_no_connection_is_lost(
    shop: Any, known: aiohttp.ClientSession, folder: Path
) -> None:
    old = await connect(shop, "customer")
    assert await alive(*old)
    before = number(old[1])
    issue(folder)
    async with asyncio.timeout(60):
        while True:
            _, writer = await connect(shop, "customer")
            now = number(writer)
            writer.close()
            if now != before:
                break
            await asyncio.sleep(0.2)
    assert await alive(*old)
    assert number(old[1]) == before
    old[1].close()
    # And the services still find each other.
    await test_an_order_goes_through_services_that_know_each_other(shop, known)


def test_a_service_says_what_is_wrong_with_its_certificate(folder: Path) -> None:
    env = {**os.environ, "SHOP_TLS_CERT": str(folder / "cert.pem"), "SHOP_HTTP_PORT": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "shop.customer"], env=env, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.startswith("shop.customer: SHOP_TLS_CERT: ")
    assert "the same file" in done.stderr

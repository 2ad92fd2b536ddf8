"""Schemathesis asks every operation of the three Swagger files of running services, all checks on.

SCHEMATHESIS_EXAMPLES: how many examples per operation (more take longer); SCHEMATHESIS_SEED:
another seed for other data, ``random`` for new ones each time; SCHEMATHESIS_REPORT: a folder that
gets what was printed, and how often each operation was answered with which status.
"""

import asyncio
import json
import os
import random
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.asking import add_customer, add_product
from tests.served import ServedShop, served_shop

from shop.common.config import FeedConfig
from shop.common.web.spec import Spec

HERE = Path(__file__).parent
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "5")
SEED = os.environ.get("SCHEMATHESIS_SEED", "20260131")
LADDER = (
    *(3 * [()]),
    *(3 * [("pay",)]),
    *(3 * [("pay", "ship")]),
    *(2 * [("cancel",)]),
    ("pay", "ship", "deliver"),
)

Ids = dict[str, list[str]]


@pytest.fixture
async def shop(mongo_uri: str, redis_url: str) -> AsyncIterator[ServedShop]:
    async with served_shop(mongo_uri, redis_url, feed=FeedConfig(lifetime_s=0.05)) as shop:
        yield shop


async def customer_ids(shop: ServedShop) -> Ids:
    """Customers with orders, open ones and final ones, so that some stay."""
    customers = [await add_customer(shop.customers) for _ in range(8)]
    orders = [f"order-{number}" for number in range(4)]
    for number, customer_id in enumerate(customers):
        for order_id in orders:
            link = {
                "status": "paid" if number < 4 else "delivered",
                "total": {"amount": 1999, "currency": "EUR"},
                "placedAt": "2026-01-31T12:00:00Z",
                "orderVersion": 2,
            }
            await shop.customers.put(f"/customerOrders/{customer_id}/{order_id}", link)
    return {"customerId": customers, "orderId": orders}


async def product_ids(shop: ServedShop) -> Ids:
    """Products that are reserved and so stay, and the reservations, one of them committed."""
    products = [await add_product(shop.products, stock=10**9) for _ in range(4)]
    orders = [f"held-{number}" for number in range(8)]
    for number, order_id in enumerate(orders):
        lines = [{"productId": products[number % 4], "quantity": 1}]
        await shop.products.put(f"/reservations/{order_id}", {"lines": lines})
    await shop.products.post(f"/reservations/{orders[0]}/commit")
    return {"productId": products, "orderId": orders}


async def order_ids(shop: ServedShop) -> Ids:
    """Customers and products for orders, and orders at every step of their life."""
    customers = [await add_customer(shop.customers) for _ in range(6)]
    products = [await add_product(shop.products, stock=10**9) for _ in range(6)]
    odd = [
        await add_product(shop.products, currency="USD"),
        await add_product(shop.products, stock=1),
        await add_product(shop.products, amount=10**12),
    ]
    orders = []
    for number in range(4 * len(LADDER)):
        line = {"productId": products[number % 6], "quantity": 1}
        draft = {"customerId": customers[number % 6], "lines": [line]}
        order_id = (await shop.orders.post("/orders", draft)).body["id"]
        for operation in LADDER[number % len(LADDER)]:
            await shop.orders.post(f"/orders/{order_id}/{operation}")
        orders.append(order_id)
    inactive = await add_customer(shop.customers)
    await shop.customers.post(f"/customers/{inactive}/deactivate")
    return {
        "customerId": [*customers, inactive],
        "productId": [*products, *products, *odd],
        "orderId": orders,
    }


@pytest.mark.parametrize("service", ["customer", "product", "order"])
@pytest.mark.timeout(1800 if EXAMPLES != "5" else 600)
async def test_every_operation_keeps_to_its_swagger_file(shop, service, tmp_path):
    ids = {"customer": customer_ids, "product": product_ids, "order": order_ids}[service]
    known, answers = tmp_path / "known.json", tmp_path / "answers.json"
    known.write_text(json.dumps(await ids(shop)))
    status, printed = await schemathesis(
        *("--config-file", str(HERE / "schemathesis.toml"), "run"),
        *(str(spec_file(service)), "--url", f"{getattr(shop, service).url}/api/v1"),
        *("--max-examples", EXAMPLES, "--seed", seed(), "--no-color"),
        cwd=tmp_path,
        env={
            "PYTHONPATH": str(HERE),
            "SCHEMATHESIS_HOOKS": "schemathesis_hooks",
            "KNOWN_IDS": str(known),
            "ANSWERS": str(answers),
        },
    )
    assert status == 0, printed
    counts = json.loads(answers.read_text())
    report(service, printed, counts)
    for operation in Spec.of(f"shop.{service}").operations():  # refusals alone show little
        reached = counts.get(operation.id, {})
        assert any(status.startswith("2") for status in reached), f"{operation.id}: {reached}"


def report(service: str, printed: str, counts: dict[str, dict[str, int]]) -> None:
    if folder := os.environ.get("SCHEMATHESIS_REPORT"):
        for name, by_status in sorted(counts.items()):
            told = ", ".join(f"{status}: {count}" for status, count in sorted(by_status.items()))
            printed += f"{name:<24} {told}\n"
        (Path(folder) / f"{service}.txt").write_text(printed)


def spec_file(service: str) -> Path:
    return HERE.parent.parent / "src/shop" / service / "swagger.yaml"


def seed() -> str:
    return str(random.randrange(2**32)) if SEED == "random" else SEED


async def schemathesis(*arguments: str, cwd: Path, env: dict[str, str]) -> tuple[int, str]:
    """Run its command in a process of its own; return the exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", *arguments),
        cwd=cwd,
        env={**os.environ, **env},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        printed, _ = await process.communicate()
        return await process.wait(), printed.decode()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

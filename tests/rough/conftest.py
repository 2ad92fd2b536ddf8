"""A shop of real processes on real servers, for all that is thrown at it."""

import json
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from tests.asking import Api, add_customer, add_product
from tests.rough.callers import Callers
from tests.rough.operations import samples
from tests.rough.stand import Stand
from tests.rough.wire import Request

from shop.common.caller import Kind

EXAMPLES = int(os.environ.get("ROUGH_EXAMPLES", "4"))

settings.register_profile(
    "rough",
    max_examples=EXAMPLES,
    derandomize="ROUGH_EXAMPLES" not in os.environ,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # what was drawn is shown; shrinking asks too much
    report_multiple_bugs=False,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one worker run all of it, so that only one shop is started."""
    for item in items:
        if "stand" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("rough"))


@pytest.fixture(scope="session")
async def stand(new_shop: Callable[..., Any]) -> AsyncIterator[Stand]:
    """The shop, up, with one of everything."""
    shop = new_shop(SHOP_AUTH="on", SHOP_LOG_FORMAT="json", SHOP_HTTP_BODY_TIMEOUT_S="2")
    up = shop.run("up", "--free-ports", "--instances", "1")
    assert up.returncode == 0, up.stdout + up.stderr
    instances = {name: shop.instances(name)[0] for name in ("customer", "product", "order")}
    urls = {name: str(instance["url"]) for name, instance in instances.items()}
    keys = shop.home / "keys"
    ids = await _one_of_everything(urls, Callers(keys, "none").token(Kind.STAFF))
    stand = Stand(
        urls,
        {name: int(instance["pid"]) for name, instance in instances.items()},
        {name: _log(shop.home, name) for name in urls},
        ids,
        Callers(keys, ids["customerId"]),
    )
    stand.cursors = await _cursors(stand)
    yield stand
    stand.report()
    shop.run("down")


async def _cursors(stand: Stand) -> list[str]:
    found = []
    for service in stand.urls:
        for sample in samples(service):
            if sample.operation.id.startswith("list_"):
                target = f"{sample.path(stand.ids)}?limit=1".encode()
                request = Request("GET", target, [stand.callers.header(Kind.STAFF)])
                answer = await stand.ask(service, "cursor: real ones", request)
                assert answer is not None, sample.id
                found.append(json.loads(answer.body)["nextCursor"])
    return list(filter(None, found))


def _log(home: Path, service: str) -> Path:
    return next((home / "logs").glob(f"{service}*.log"))


async def _one_of_everything(urls: dict[str, str], token: str) -> dict[str, str]:
    async with (
        Api(f"{urls['customer']}/api/v1", token) as customers,
        Api(f"{urls['product']}/api/v1", token) as products,
        Api(f"{urls['order']}/api/v1", token) as orders,
    ):
        customer = await add_customer(customers)
        product = await add_product(products, stock=10**9)
        line = {"productId": product, "quantity": 1}
        placed = [
            (await orders.post("/orders", {"customerId": customer, "lines": [line]})).body["id"]
            for _ in range(3)  # so that lists have a second page
        ]
        adjustments = [
            await products.post(
                f"/products/{product}/stockAdjustments", {"delta": 1, "reason": "a"}
            )
            for _ in range(2)
        ]
    return {
        "customerId": customer,
        "productId": product,
        "orderId": placed[0],
        "adjustmentId": adjustments[0].body["id"],
    }

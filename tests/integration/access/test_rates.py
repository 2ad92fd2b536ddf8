"""Whom a request is counted for, where callers show tokens."""

from collections.abc import AsyncIterator

import pytest
from tests.asking import Api
from tests.fakes.auth import key, public_pem
from tests.integration.access.callers import service, shopper, staff
from tests.served import Served

from shop.common.config import (
    AuthConfig,
    ConsulConfig,
    HttpConfig,
    LogConfig,
    MongoConfig,
    RedisConfig,
    ServiceConfig,
)
from shop.local.ports import free_port
from shop.product.app import create_app

BURST = 3


@pytest.fixture
async def products(mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    folder = tmp_path_factory.mktemp("keys")
    for name in ("people", "order"):
        (folder / f"{name}.pem").write_text(public_pem(key(name)))
    config = ServiceConfig(
        http=HttpConfig(port=free_port(), rate_writes=0.001, rate_burst_s=1000 * BURST),
        mongo=MongoConfig(mongo_uri, f"rates_{folder.name}", timeout_s=10.0),
        redis=RedisConfig(url=""),
        consul=ConsulConfig(url=""),
        log=LogConfig(),
        auth=AuthConfig(
            issuers=(f"people={folder}/people.pem",), services=(f"order={folder}/order.pem",)
        ),
    )
    served = Served(create_app, config)
    await served.start()
    try:
        async with Api(f"{served.url}/api/v1") as api:
            yield api
    finally:
        await served.stop()


async def statuses(
    api: Api, token: str | None, method: str = "POST", path: str = "/products", count: int = BURST
) -> list[int]:
    """Ask so often, with a body that is refused, and return how it was answered."""
    shown = {"Authorization": f"Bearer {token}"} if token else {}
    return [(await api.ask(method, path, {}, **shown)).status for _ in range(count)]


async def test_who_shows_no_valid_token_is_counted_by_address(products):
    assert await statuses(products, None, count=1) == [401]
    assert await statuses(products, "no.token.atall", count=2) == [401, 401]
    assert await statuses(products, None, count=1) == [429]
    assert await statuses(products, "no.token.atall", count=1) == [429]


async def test_each_token_is_counted_by_whose_it_is(products):
    assert await statuses(products, staff(), count=BURST + 1) == [*BURST * [422], 429]
    assert await statuses(products, staff(), count=1) == [429]  # another token of the same person
    one, other = shopper("cus_1"), shopper("cus_2")
    assert await statuses(products, one, count=BURST + 1) == [*BURST * [403], 429]
    assert await statuses(products, other, count=1) == [403]


async def test_services_are_not_counted(products):
    path = "/reservations/ord_1"
    assert await statuses(products, service("order"), "PUT", path, 3 * BURST) == 3 * BURST * [422]

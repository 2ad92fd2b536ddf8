"""A shop that asks for tokens, and who calls it."""

from collections.abc import AsyncIterator

import pytest
from tests.fakes.auth import key, pem_of, public_pem
from tests.integration.access.callers import Callers
from tests.served import ServedShop, served_shop

from shop.common.config import AuthConfig, FeedConfig


@pytest.fixture(scope="session")
async def shop(
    mongo_uri: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ServedShop]:
    folder = tmp_path_factory.mktemp("keys")
    for name in ("people", "order", "billing"):
        (folder / f"{name}.pem").write_text(public_pem(key(name)))
    config = AuthConfig(
        issuers=(f"people={folder}/people.pem",),
        services=(f"order={folder}/order.pem", f"billing={folder}/billing.pem"),
        service_key=pem_of(key("order").material),
    )
    short = FeedConfig(lifetime_s=0.05)  # so that a feed ends, as every other answer does
    async with served_shop(mongo_uri, redis_url, config, short) as shop:
        yield shop


@pytest.fixture
def callers(shop: ServedShop) -> Callers:
    return Callers(shop)

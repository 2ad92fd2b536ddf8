"""A shop whose feeds are followed."""

from collections.abc import AsyncIterator

import pytest
from tests.served import ServedShop, served_shop


@pytest.fixture
async def shop(mongo_uri: str, redis_url: str) -> AsyncIterator[ServedShop]:
    async with served_shop(mongo_uri, redis_url) as shop:
        yield shop

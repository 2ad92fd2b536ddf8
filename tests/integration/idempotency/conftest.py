"""Two instances of each service, and the four operations that take a key."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from tests.integration.idempotency.cases import OPERATIONS
from tests.integration.idempotency.twins import Case, Twins, twins


@pytest.fixture(scope="module")
async def shop(mongo_uri: str, redis_url: str) -> AsyncIterator[Twins]:
    async with twins(mongo_uri, redis_url) as shop:
        yield shop


@pytest.fixture(params=OPERATIONS)
async def case(request: pytest.FixtureRequest, shop: Twins) -> Case:
    return await OPERATIONS[request.param](shop)


@pytest.fixture
def key() -> str:
    return uuid4().hex

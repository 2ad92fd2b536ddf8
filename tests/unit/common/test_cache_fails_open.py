"""Whatever a connection to Redis fails with, reads and writes go on without it."""

import asyncio

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from shop.common.cache import RedisReadThrough
from shop.common.representation import Representation

STORED = Representation(1, b"{}")


class Broken:
    """A store that fails at everything."""

    now_us = 0

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def get(self, _key: str) -> bytes:
        raise self._error

    async def mark(self, _key: str, _ttl_s: float) -> None:
        raise self._error

    async def fill(self, *_value: object, **_limits: float) -> None:
        raise self._error


async def load() -> Representation:
    return STORED


@pytest.mark.parametrize(
    "error",
    [
        RedisConnectionError("gone"),
        OSError("reset"),
        TimeoutError(),
        RuntimeError("unable to perform operation on <TCPTransport closed=True>"),  # uvloop's
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_cache_that_fails_is_read_and_written_past(error):
    cache = RedisReadThrough(Broken(error), 60)
    try:
        await asyncio.wait_for(cache.written("a"), 5)
        assert await cache.read("a", load) == STORED
    finally:
        await cache.close()
    again = RedisReadThrough(Broken(error), 60)
    try:
        assert await again.read("a", load) == STORED
    finally:
        await again.close()

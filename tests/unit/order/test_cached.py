"""Which writes of an order are told to the cache."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shop.order.cached import CachedOrders
from shop.order.model import Line, Order, Status

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
ORDER = Order("ord_1", "cus_1", (Line("prd_1", 1),), NOON, NOON)


class Told:
    """A cache that remembers what it is told."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    async def written(self, key: str) -> None:
        self.keys.append(key)


class Orders:
    """A store that takes every write, or fails at it."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error

    def __getattr__(self, _name: str):
        async def write(*_: object, **__: object) -> None:
            if self._error:
                raise self._error

        return write


@pytest.fixture
def told() -> Told:
    return Told()


async def test_a_write_that_shows_is_told(told):
    orders = CachedOrders(Orders(), told)
    await orders.advance(ORDER, replace(ORDER, status=Status.CONFIRMED))
    await orders.amend(ORDER, ORDER)
    await orders.remove(ORDER)
    assert told.keys == ["ord_1"] * 3


async def test_a_write_that_failed_is_told_too_as_it_may_have_been_made(told):
    orders = CachedOrders(Orders(RuntimeError()), told)
    with pytest.raises(RuntimeError):
        await orders.advance(ORDER, replace(ORDER, status=Status.CONFIRMED))
    assert told.keys == ["ord_1"]


async def test_one_that_changes_only_what_is_not_shown_is_not(told):
    await CachedOrders(Orders(), told).advance(ORDER, replace(ORDER, fence=7, work=None))
    assert told.keys == []

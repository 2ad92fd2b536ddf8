"""What the sweeper does, on any store."""

import asyncio
from typing import Any

import pytest
from tests.fakes.product.stores import HOUR, PASSED, Stores

from shop.common.errors import Unavailable
from shop.product.model import State, Stock


async def test_overdue_holds_expire_and_others_stay(stores: Stores) -> None:
    lamp = await stores.product(10)
    for i in range(3):
        await stores.reserving().reserve(f"due{i}", [(lamp, 1)], PASSED)
    await stores.reserving().reserve("kept", [(lamp, 2)], HOUR)
    assert await stores.sweeper().sweep_once() == 3
    assert await stores.sweeper().sweep_once() == 0
    assert await stores.stock(lamp) == Stock(10, 2)
    assert (await stores.reserving().get("due0")).state is State.EXPIRED
    assert (await stores.reserving().get("kept")).state is State.HELD


async def test_several_sweepers_at_once_expire_each_hold_once(stores: Stores) -> None:
    lamp = await stores.product(40)
    for i in range(20):
        await stores.reserving().reserve(f"o{i}", [(lamp, 1)], PASSED)
    ended = await asyncio.gather(*[stores.sweeper().sweep_once() for _ in range(4)])
    assert sum(ended) == 20
    assert await stores.stock(lamp) == Stock(40, 0)


async def test_it_sweeps_until_it_is_cancelled_whatever_goes_wrong(stores: Stores) -> None:
    lamp = await stores.product(5)
    await stores.reserving().reserve("o1", [(lamp, 1)], PASSED)
    sweeper, pauses = stores.sweeper(), []
    sweep_once = sweeper.sweep_once

    async def first_away(*_: Any, **__: Any) -> int:
        if not pauses:
            raise Unavailable("away")
        return await sweep_once()

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            raise asyncio.CancelledError

    sweeper.sweep_once = first_away  # type: ignore[method-assign]
    with pytest.raises(asyncio.CancelledError):
        await sweeper.run(2.0, sleep=pause, chance=lambda: 0.25)
    assert pauses == [1.5, 1.5, 1.5]
    assert await stores.stock(lamp) == Stock(5, 0)

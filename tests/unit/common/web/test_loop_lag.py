"""How late the loop is: on time, and kept from its work."""

import asyncio
import time

from prometheus_client import CollectorRegistry

from shop.common.web.loop_lag import LoopLag


async def looked(registry: CollectorRegistry, times: int) -> None:
    while (registry.get_sample_value("shop_loop_lag_seconds_count") or 0) < times:
        await asyncio.sleep(0.005)


async def test_a_loop_that_is_kept_from_its_work_is_late():
    registry = CollectorRegistry()
    watch = LoopLag(registry, every_s=0.01, long_s=0.05).watch(None)
    await anext(watch)
    await looked(registry, 1)
    stalls = registry.get_sample_value("shop_loop_stalls_total")
    time.sleep(0.1)  # noqa: ASYNC251 (which no service may do)
    await looked(registry, registry.get_sample_value("shop_loop_lag_seconds_count") + 1)
    assert registry.get_sample_value("shop_loop_stalls_total") > stalls
    assert registry.get_sample_value("shop_loop_lag_seconds_sum") > 0.05
    assert await anext(watch, None) is None
    seen = registry.get_sample_value("shop_loop_lag_seconds_count")
    await asyncio.sleep(0.05)
    assert registry.get_sample_value("shop_loop_lag_seconds_count") == seen

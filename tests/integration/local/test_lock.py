import asyncio

from shop.local.lock import lock


async def test_the_second_waits_for_the_first_and_is_told(tmp_path):
    order = []

    async def second() -> None:
        async with lock(tmp_path / "lock", lambda: order.append("waiting")):
            order.append("second")

    async with lock(tmp_path / "lock"):
        task = asyncio.create_task(second())
        while not order:
            await asyncio.sleep(0)
        order.append("first")
    await task
    assert order == ["waiting", "first", "second"]

"""Work beside the requests."""

import asyncio

from shop.common.background import running


async def test_work_goes_on_while_the_code_inside_runs_and_is_ended_after_it():
    told: list[str] = []

    async def work() -> None:
        try:
            told.append("begun")
            await asyncio.Event().wait()
        finally:
            told.append("ended")

    async with running(work()):
        await asyncio.sleep(0)
        assert told == ["begun"]
    assert told == ["begun", "ended"]


async def test_work_that_was_asked_to_stop_ends_by_itself():
    asked, told = asyncio.Event(), []

    async def work() -> None:
        await asked.wait()
        told.append("all done")

    async with running(work(), stop=asked.set):
        pass
    assert told == ["all done"]


async def test_work_that_swallows_a_cancellation_is_ended_all_the_same():
    """As PyMongo's does at times on Python 3.11, with ``asyncio.wait_for``."""
    swallowed = 0

    async def work() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                swallowed += 1
                if swallowed == 2:
                    raise

    async with running(work()):
        await asyncio.sleep(0)
    assert swallowed == 2


async def test_work_that_failed_does_not_fail_what_runs_beside_it():
    async def work() -> None:
        raise ValueError

    async with running(work()):
        await asyncio.sleep(0)

import asyncio
from collections.abc import AsyncIterator

import pytest

from shop.common.peer import (
    ConsulResolver,
    Deadline,
    DeadlineExceeded,
    Instance,
    WatchOptions,
    deadline_scope,
)
from shop.common.peer.health import Passing

P1 = Instance("product", "p1", "http://h:1")


class SilentConsul:
    """Says nothing until it is told to, and then the same to everybody, once."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.heard = asyncio.Event()
        self.speak = asyncio.Event()

    async def passing(
        self, service: str, index: int = 0, wait_s: float = 0.0, **_: object
    ) -> Passing:
        self.asked.append(service)
        self.heard.set()
        if index and wait_s:
            await asyncio.Event().wait()
        await self.speak.wait()
        return Passing(7, (P1,))


@pytest.fixture
def consul() -> SilentConsul:
    return SilentConsul()


@pytest.fixture
async def resolver(consul) -> AsyncIterator[ConsulResolver]:
    resolver = ConsulResolver(consul, WatchOptions(first_wait_s=30.0, pace_s=0.0))
    yield resolver
    await resolver.close()


async def test_callers_that_come_together_wait_for_one_answer(consul, resolver):
    calls = [asyncio.create_task(resolver.resolve("product")) for _ in range(50)]
    await consul.heard.wait()
    assert not any(call.done() for call in calls)
    consul.speak.set()
    assert await asyncio.gather(*calls) == [(P1,)] * 50
    assert consul.asked.count("product") <= 2


async def test_the_wait_for_the_first_answer_ends_with_the_deadline(resolver):
    with deadline_scope(Deadline.after(0.01)), pytest.raises(DeadlineExceeded):
        await resolver.resolve("product")


async def test_a_caller_out_of_time_does_not_end_the_watch(consul, resolver):
    with deadline_scope(Deadline.after(0.01)), pytest.raises(DeadlineExceeded):
        await resolver.resolve("product")
    consul.speak.set()
    assert await resolver.resolve("product") == (P1,)


async def test_without_consul_the_first_calls_wait_and_the_later_ones_do_not(consul):
    resolver = ConsulResolver(consul, WatchOptions(first_wait_s=0.01))
    assert await resolver.resolve("product") == ()
    later = asyncio.create_task(resolver.resolve("product"))
    await asyncio.sleep(0)
    assert later.done()
    await resolver.close()


async def test_what_is_known_is_answered_without_giving_way_to_others(consul, resolver):
    consul.speak.set()
    await resolver.resolve("product")
    known = resolver.resolve("product")
    with pytest.raises(StopIteration) as stop:
        known.send(None)
    assert stop.value.value == (P1,)


async def test_each_service_has_its_own_watch(consul, resolver):
    consul.speak.set()
    await asyncio.gather(*(resolver.resolve(each) for each in ("product", "customer")))
    assert set(consul.asked) == {"product", "customer"}


async def test_closing_lets_the_waiting_go_and_keeps_what_is_known(consul, resolver):
    consul.speak.set()
    await resolver.resolve("product")
    consul.speak.clear()
    waiting = asyncio.create_task(resolver.resolve("customer"))
    await asyncio.sleep(0)
    await resolver.close()
    assert await waiting == ()
    assert await resolver.resolve("product") == (P1,)


async def test_a_closed_resolver_begins_no_new_watch(resolver):
    await resolver.close()
    with pytest.raises(RuntimeError, match="closed"):
        await resolver.resolve("product")


async def test_there_is_a_view_of_each_service_that_was_asked_for(consul, resolver):
    assert resolver.views() == {}
    consul.speak.set()
    await resolver.resolve("product")
    view = resolver.views()["product"]
    assert (view.instances, view.connected, view.datacenter) == (1, True, None)
    assert list(resolver.views()) == ["product"]

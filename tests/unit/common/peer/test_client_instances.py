"""Instances that come and go, their zones, and what can be seen of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from tests.fakes.peer_session import BROKEN, A, Answer, B, C, FakeSession

from shop.common.peer import (
    BreakerOptions,
    Instance,
    InstanceView,
    PeerClient,
    PeerListener,
    PeerOptions,
    PeerUnavailable,
    PeerView,
    RoundRobin,
    State,
    WatchView,
)


def instance(url: str, zone: str = "") -> Instance:
    return Instance("product", url.removeprefix("http://"), url, meta={"zone": zone})


class Changing:
    """A resolver that says what the test last said."""

    def __init__(self, *instances: Instance) -> None:
        self.now: Sequence[Instance] = instances

    async def resolve(self, _service: str) -> Sequence[Instance]:
        return self.now

    def known(self, _service: str) -> Sequence[Instance]:
        return self.now

    def views(self) -> Mapping[str, WatchView]:
        return {}

    async def close(self) -> None:
        pass


def caller(
    session: FakeSession, resolver: Changing, patient: dict[str, Any], **more: Any
) -> PeerClient:
    breaker = BreakerOptions(minimum_calls=1, probes=1)
    options = PeerOptions(breaker=breaker, zone=more.pop("zone", None))
    return PeerClient("product", resolver, session, options=options, **patient, **more)  # type: ignore[arg-type]


async def ask(products: PeerClient, session: FakeSession, times: int = 10) -> set[str]:
    session.asked.clear()
    for _ in range(times):
        await products.call("POST", "/x")
    return {url.removesuffix("/x") for url in session.urls}


async def test_instances_of_the_own_zone_are_asked_as_long_as_one_may_be(clock, patient):
    session = FakeSession({A: [BROKEN, Answer()], B: [BROKEN, Answer()], C: [Answer()]})
    known = Changing(instance(A, "east"), instance(B, "east"), instance(C, "west"))
    products = caller(session, known, patient, zone="east")
    for _ in range(2):
        with pytest.raises(PeerUnavailable):
            await products.call("POST", "/x")
    assert sorted(session.urls) == [f"{A}/x", f"{B}/x"]
    assert await ask(products, session) == {C}
    clock.now_s += 1.0
    assert await ask(products, session) <= {A, B}


async def test_a_retry_goes_to_another_of_the_own_zone_first_and_then_to_a_further_one(patient):
    session = FakeSession({A: [BROKEN], B: [BROKEN], C: [Answer()]})
    known = Changing(instance(C, "west"), instance(A, "east"), instance(B, "east"))
    products = caller(session, known, patient, zone="east")
    assert (await products.call("GET", "/x")).status == 200
    assert sorted(session.urls[:2]) == [f"{A}/x", f"{B}/x"]
    assert session.urls[2:] == [f"{C}/x"]


async def test_what_was_learned_stays_when_the_list_changes(patient):
    session = FakeSession({A: [BROKEN], B: [Answer()], C: [Answer()]})
    known = Changing(instance(A))
    products = caller(session, known, patient)
    with pytest.raises(PeerUnavailable):
        await products.call("POST", "/x")
    known.now = (instance(C), instance(A), instance(B))
    assert A not in await ask(products, session)


async def test_one_that_left_is_not_asked_any_more_and_in_the_end_forgotten(clock, patient):
    class Heard(PeerListener):
        def __init__(self) -> None:
            self.forgot: list[str] = []

        def forgotten(self, _service, instance):
            self.forgot.append(instance.url)

    heard, session = Heard(), FakeSession({A: [Answer()], B: [Answer()]})
    known = Changing(instance(A), instance(B))
    products = caller(session, known, patient, listener=heard, balancer=RoundRobin())
    assert await ask(products, session) == {A, B}
    known.now = (instance(B),)
    assert await ask(products, session) == {B}
    assert heard.forgot == []
    clock.now_s += 60.0
    assert await ask(products, session) == {B}
    assert heard.forgot == [A]


async def test_when_all_have_left_it_is_unavailable_until_one_comes(patient):
    class Heard(PeerListener):
        def __init__(self) -> None:
            self.reasons: list[str] = []

        def rejected(self, _service, reason):
            self.reasons.append(reason)

    heard, session = Heard(), FakeSession({A: [Answer()]})
    known = Changing(instance(A))
    products = caller(session, known, patient, listener=heard)
    await products.call("GET", "/x")
    known.now = ()
    with pytest.raises(PeerUnavailable, match="no instance is known"):
        await products.call("GET", "/x")
    assert heard.reasons == ["no-instance"]
    known.now = (instance(A),)
    assert (await products.call("GET", "/x")).status == 200


async def test_the_view_shows_each_instance_as_it_is_now(clock, patient):
    session = FakeSession({A: [BROKEN], B: [Answer()]})
    known = Changing(instance(A, "east"))
    products = caller(session, known, patient)
    assert products.view() == PeerView("product", (), 0, 0, 10, None)
    with pytest.raises(PeerUnavailable):
        await products.call("POST", "/x")
    known.now = (*known.now, instance(B))
    await products.call("POST", "/x")
    clock.now_s += 0.25
    a, b = products.view().instances
    assert a == InstanceView("a:1", A, "east", State.OPEN, 0.75, a.latency_s, 0, 1.0)
    assert b == InstanceView("b:1", B, None, State.CLOSED, 0.0, b.latency_s, 0, 0.1)
    assert a.latency_s > b.latency_s == 0.0

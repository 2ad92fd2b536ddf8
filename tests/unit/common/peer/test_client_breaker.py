import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from tests.fakes.peer_session import BROKEN, REFUSED, A, Answer, B, C, FakeSession, client

from shop.common.peer import (
    BreakerOptions,
    DeadlineExceeded,
    Endpoint,
    PeerClient,
    PeerListener,
    PeerOptions,
    PeerUnavailable,
    State,
)

ONE_IS_ENOUGH = PeerOptions(breaker=BreakerOptions(minimum_calls=1))


class InOrder:
    """A balancer that takes the first one it may take."""

    def pick(self, endpoints: Sequence[Endpoint], _now_s: float) -> Endpoint:
        return endpoints[0]


class HeldSession(FakeSession):
    """Keeps all answers back until the gate is opened."""

    def __init__(self, answers: Any) -> None:
        super().__init__(answers)
        self.gate = asyncio.Event()
        self.gate.set()

    async def request(self, *what: Any, **more: Any) -> Any:
        answer = await super().request(*what, **more)
        await self.gate.wait()
        return answer


class Rejections(PeerListener):
    def __init__(self) -> None:
        self.reasons: list[str] = []

    def rejected(self, _service, reason):
        self.reasons.append(reason)


@pytest.fixture
def options(patient):
    return {**patient, "options": ONE_IS_ENOUGH, "balancer": InOrder()}


def states(products: PeerClient) -> list[State]:
    return [each.breaker for each in products.view().instances]


async def fail(products: PeerClient, times: int = 1, **how: Any) -> None:
    for _ in range(times):
        with pytest.raises(PeerUnavailable):
            await products.call("POST", "/x", **how)


async def test_when_every_instance_is_left_alone_it_fails_at_once_and_says_when_to_come_again(
    clock, options
):
    session, heard = FakeSession({A: [BROKEN], B: [BROKEN]}), Rejections()
    products = client(session, A, B, **options, listener=heard)
    await fail(products, 2)
    clock.now_s += 0.25
    with pytest.raises(PeerUnavailable, match="every instance is left alone") as error:
        await products.call("GET", "/x")
    assert len(session.asked) == 2
    assert clock.slept_s == []
    assert error.value.retry_after_s == 0.75
    assert not error.value.may_have_happened
    assert heard.reasons == ["breaker"]


async def test_it_may_be_called_again_after_as_long_as_it_said(clock, options):
    products = client(FakeSession({A: [BROKEN, Answer()]}), A, **options)
    await fail(products)
    with pytest.raises(PeerUnavailable) as error:
        await products.call("GET", "/x")
    clock.now_s += error.value.retry_after_s
    assert (await products.call("GET", "/x")).status == 200


async def test_of_many_callers_at_once_only_the_probes_get_through_and_the_others_fail_at_once(
    clock, options
):
    session = HeldSession({A: [BROKEN, Answer()]})
    products = client(session, A, **options)
    await fail(products)
    clock.now_s += 1.0
    session.gate.clear()
    calls = [asyncio.create_task(products.call("GET", "/x")) for _ in range(50)]
    done, probes = await asyncio.wait(calls, timeout=0.05)
    assert (len(probes), len(session.asked)) == (3, 1 + 3)
    errors = [call.exception() for call in done]
    assert all(isinstance(each, PeerUnavailable) and each.retry_after_s > 0 for each in errors)
    session.gate.set()
    assert [each.status for each in await asyncio.gather(*probes)] == [200, 200, 200]
    assert states(products) == [State.CLOSED]


async def test_a_probe_that_its_caller_gives_up_makes_room_for_another(clock, options):
    session = FakeSession({A: [BROKEN, None, None, None, Answer()]})
    products = client(session, A, **options)
    await fail(products)
    clock.now_s += 1.0
    probes = [asyncio.create_task(products.call("GET", "/x")) for _ in range(3)]
    await session.hanging.wait()
    with pytest.raises(PeerUnavailable, match="left alone"):
        await products.call("GET", "/x")
    for probe in probes:
        probe.cancel()
    await asyncio.gather(*probes, return_exceptions=True)
    assert states(products) == [State.HALF_OPEN]
    for _ in range(3):
        await products.call("GET", "/x")
    assert states(products) == [State.CLOSED]


@pytest.mark.parametrize("status", [400, 401, 404, 409, 412, 422, 429, 499])
async def test_what_is_the_callers_fault_never_opens_a_breaker(options, status):
    products = client(FakeSession({A: [Answer(status)]}), A, **options)
    for _ in range(20):
        assert (await products.call("GET", "/x")).status == status
    assert states(products) == [State.CLOSED]


@pytest.mark.parametrize("fault", [REFUSED, BROKEN, *map(Answer, (500, 501, 502, 503, 504))])
async def test_what_is_the_peers_fault_opens_its_breaker(options, fault):
    products = client(FakeSession({A: [fault]}), A, **options)
    with pytest.raises(PeerUnavailable):
        await products.call("GET", "/x")
    assert states(products) == [State.OPEN]


async def test_a_timeout_opens_the_breaker_of_the_one_that_hung(options):
    products = client(FakeSession({A: [None], B: [Answer()]}), A, B, **options)
    with pytest.raises(DeadlineExceeded):
        await products.call("POST", "/x", timeout_s=0.01)
    assert states(products) == [State.OPEN, State.CLOSED]
    assert (await products.call("POST", "/x")).status == 200


async def test_a_call_that_is_cancelled_counts_as_nothing_and_leaves_nothing_behind(options):
    session = FakeSession({A: [None]})
    products = client(session, A, **options)
    call = asyncio.create_task(products.call("GET", "/x"))
    await session.hanging.wait()
    assert (products.view().in_flight, products.view().instances[0].outstanding) == (1, 1)
    call.cancel()
    await asyncio.wait([call])
    assert states(products) == [State.CLOSED]
    assert (products.view().in_flight, products.view().instances[0].outstanding) == (0, 0)


async def test_a_mistake_of_our_own_comes_out_counts_as_nothing_and_leaves_nothing_behind(options):
    products = client(FakeSession({A: [RuntimeError("Session is closed")]}), A, **options)
    with pytest.raises(RuntimeError, match="Session is closed"):
        await products.call("GET", "/x")
    assert states(products) == [State.CLOSED]
    assert (products.view().in_flight, products.view().instances[0].outstanding) == (0, 0)


async def test_one_that_is_left_alone_is_not_asked_while_there_are_others(options):
    session = FakeSession({A: [BROKEN], B: [Answer()]})
    products = client(session, A, B, **options)
    await fail(products)
    for _ in range(10):
        assert (await products.call("POST", "/x")).status == 200
    assert session.urls.count(f"{A}/x") == 1


async def test_a_post_that_reached_nobody_is_tried_elsewhere_until_something_may_have_happened(
    options,
):
    session = FakeSession({A: [REFUSED], B: [BROKEN], C: [Answer()]})
    with pytest.raises(PeerUnavailable, match="broke off") as error:
        await client(session, A, B, C, **options).call("POST", "/x")
    assert session.urls == [f"{A}/x", f"{B}/x"]
    assert error.value.may_have_happened


async def test_a_post_that_reached_nobody_is_done_by_another_instance(options):
    session = FakeSession({A: [REFUSED], B: [REFUSED], C: [Answer(201)]})
    assert (await client(session, A, B, C, **options).call("POST", "/x")).status == 201


async def test_each_outcome_is_told_with_its_instance(options):
    class Heard(PeerListener):
        def __init__(self) -> None:
            self.all: list[tuple[Any, ...]] = []

        def attempted(self, service, instance, outcome, took_s):
            self.all.append((service, instance.url, outcome, took_s))

        def retried(self, service):
            self.all.append((service, "again"))

        def breaker_changed(self, service, instance, before, after, _reason):
            self.all.append((service, instance.url, before, after))

    heard = Heard()
    answers = [Answer(404), None, BROKEN, REFUSED, Answer(500), None]
    session = FakeSession({A: answers})
    patient_breaker = PeerOptions(breaker=BreakerOptions(minimum_calls=5, failure_rate=0.8))
    products = client(session, A, **{**options, "options": patient_breaker}, listener=heard)
    await products.call("GET", "/x")
    dropped = asyncio.create_task(products.call("GET", "/x"))
    await session.hanging.wait()
    dropped.cancel()
    await asyncio.wait([dropped])
    with pytest.raises(PeerUnavailable):
        await products.call("GET", "/x")
    with pytest.raises(DeadlineExceeded):
        await products.call("POST", "/x", timeout_s=0.01)
    assert heard.all == [
        ("product", A, "answered", 0.0),
        ("product", A, "dropped", 0.0),
        ("product", A, "broken-off", 0.0),
        ("product", "again"),
        ("product", A, "unreachable", 0.0),
        ("product", "again"),
        ("product", A, "error", 0.0),
        ("product", A, State.CLOSED, State.OPEN),
        ("product", A, "timeout", 0.0),
    ]

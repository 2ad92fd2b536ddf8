import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from tests.fakes.peer_session import BROKEN, A, Answer, B, FakeSession, client

from shop.common.peer import (
    BreakerOptions,
    Endpoint,
    HedgeOptions,
    PeerClient,
    PeerListener,
    PeerOptions,
    PeerUnavailable,
    RetryBudgetOptions,
    RetryOptions,
    State,
)

LEARNED = 32  # calls after which the delay is known


class InOrder:
    def pick(self, endpoints: Sequence[Endpoint], _now_s: float) -> Endpoint:
        return endpoints[0]


class Heard(PeerListener):
    def __init__(self) -> None:
        self.outcomes: list[tuple[str, str]] = []
        self.hedges = 0

    def attempted(self, _service, instance, outcome, _took_s):
        self.outcomes.append((instance.url, outcome))

    def hedged(self, _service):
        self.hedges += 1


def hedging(reserve: int = 5, attempts: int = 3) -> PeerOptions:
    return PeerOptions(
        timeout_s=60.0,
        retry=RetryOptions(max_attempts=attempts),
        hedge=HedgeOptions(min_delay_s=0.0, min_calls=LEARNED),
        breaker=BreakerOptions(minimum_calls=LEARNED + 1, failure_rate=0.01),
        budget=RetryBudgetOptions(ratio=0.0, reserve=reserve),
    )


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def learned(patient, heard):
    """Return a client that knows how long calls take, and what it will meet from now on."""

    async def learn(
        answers: dict[str, list[Any]], options: PeerOptions
    ) -> tuple[PeerClient, FakeSession]:
        first, *others = answers
        quick = {first: [Answer()] * LEARNED + answers[first]}
        session = FakeSession({**quick, **{each: answers[each] for each in others}})
        products = client(
            session, *answers, options=options, balancer=InOrder(), listener=heard, **patient
        )
        for _ in range(LEARNED):
            await products.call("GET", "/x")
        session.asked.clear()
        heard.outcomes.clear()
        return products, session

    return learn


def nothing_is_left(products: PeerClient) -> bool:
    view = products.view()
    return view.in_flight == 0 and all(each.outstanding == 0 for each in view.instances)


async def test_a_get_that_takes_long_is_sent_to_a_second_instance_and_the_first_is_given_up(
    learned, heard
):
    products, session = await learned({A: [None], B: [Answer(203)]}, hedging())
    assert (await products.call("GET", "/x")).status == 203
    assert session.urls == [f"{A}/x", f"{B}/x"]
    assert session.cancelled == 1
    assert sorted(heard.outcomes) == [(A, "dropped"), (B, "answered")]
    assert nothing_is_left(products)


async def test_the_one_that_was_given_up_is_not_blamed(learned):
    products, _ = await learned({A: [None], B: [Answer()]}, hedging())
    await products.call("GET", "/x")
    assert [each.breaker for each in products.view().instances] == [State.CLOSED, State.CLOSED]


async def test_hedges_are_paid_for_by_the_budget_and_leave_half_of_it_to_retries(learned, heard):
    products, session = await learned({A: [None], B: [Answer()]}, hedging(reserve=4))
    for left in (3, 2):
        await products.call("GET", "/x")
        assert products.view().retries_left == left
    call = asyncio.create_task(products.call("GET", "/x"))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not call.done()
    call.cancel()
    await asyncio.wait([call])
    assert session.urls.count(f"{B}/x") == heard.hedges == 2
    assert nothing_is_left(products)


async def test_until_enough_is_known_nothing_is_hedged(patient, heard):
    session = FakeSession({A: [None], B: [Answer()]})
    products = client(session, A, B, options=hedging(), balancer=InOrder(), **patient)
    assert products.view().hedge_delay_s is None
    call = asyncio.create_task(products.call("GET", "/x"))
    await session.hanging.wait()
    for _ in range(20):
        await asyncio.sleep(0)
    call.cancel()
    await asyncio.wait([call])
    assert session.urls == [f"{A}/x"]


@pytest.mark.parametrize(
    ("method", "answers", "attempts"),
    [
        ("PUT", {A: [None], B: [Answer()]}, 3),  # only reading is hedged
        ("POST", {A: [None], B: [Answer()]}, 3),
        ("GET", {A: [None]}, 3),  # there is no other one
        ("GET", {A: [None], B: [Answer()]}, 1),  # nothing shall be asked twice
    ],
)
async def test_what_may_not_or_cannot_be_hedged_is_not(learned, heard, method, answers, attempts):
    products, session = await learned(answers, hedging(attempts=attempts))
    call = asyncio.create_task(products.call(method, "/x"))
    await session.hanging.wait()
    for _ in range(20):
        await asyncio.sleep(0)
    call.cancel()
    await asyncio.wait([call])
    assert (session.urls, heard.hedges) == ([f"{A}/x"], 0)
    assert products.view().retries_left == 5
    assert nothing_is_left(products)


async def test_when_both_fail_the_call_fails_and_both_count_as_attempts(learned, heard):
    class BothFail(FakeSession):
        """Holds the first request until the second one has failed."""

        async def _hang(self) -> None:
            while len(self.asked) < 2:
                await asyncio.sleep(0)
            raise BROKEN

    products, session = await learned({A: [None], B: [BROKEN]}, hedging(attempts=2))
    session.__class__ = BothFail
    with pytest.raises(PeerUnavailable, match="broke off") as error:
        await products.call("GET", "/x")
    assert error.value.may_have_happened
    assert sorted(heard.outcomes) == [(A, "broken-off"), (B, "broken-off")]
    assert nothing_is_left(products)


async def test_a_first_that_hangs_is_still_waited_for_when_the_second_fails(learned, heard):
    products, _ = await learned({A: [None], B: [BROKEN]}, hedging())
    call = asyncio.create_task(products.call("GET", "/x", timeout_s=60.0))
    while not heard.outcomes:
        await asyncio.sleep(0)
    assert heard.outcomes == [(B, "broken-off")]
    assert not call.done()
    call.cancel()
    await asyncio.wait([call])
    assert heard.outcomes == [(B, "broken-off"), (A, "dropped")]
    assert nothing_is_left(products)


async def test_a_caller_that_gives_up_ends_both(learned, heard):
    products, session = await learned({A: [None], B: [None]}, hedging())
    call = asyncio.create_task(products.call("GET", "/x"))
    while len(session.asked) < 2:
        await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert session.cancelled == 2
    assert sorted(heard.outcomes) == [(A, "dropped"), (B, "dropped")]
    assert nothing_is_left(products)


async def test_a_mistake_in_one_comes_out_and_ends_the_other(learned, heard):
    products, session = await learned({A: [None], B: [RuntimeError("a mistake")]}, hedging())
    with pytest.raises(RuntimeError, match="a mistake"):
        await products.call("GET", "/x")
    assert session.cancelled == 1
    assert nothing_is_left(products)

"""Retry budget and bulkhead, as a client keeps them."""

import asyncio

import pytest
from tests.fakes.peer_session import REFUSED, A, Answer, B, FakeSession, client

from shop.common.peer import (
    BreakerOptions,
    BulkheadOptions,
    DeadlineExceeded,
    PeerListener,
    PeerOptions,
    PeerUnavailable,
    RetryBudgetOptions,
    RetryOptions,
    State,
)

NEVER_OPENS = BreakerOptions(minimum_calls=10**9, consecutive_failures=10**9)


class Heard(PeerListener):
    def __init__(self) -> None:
        self.rejections: list[str] = []
        self.retries = 0

    def rejected(self, _service, reason):
        self.rejections.append(reason)

    def retried(self, _service):
        self.retries += 1


@pytest.fixture
def heard() -> Heard:
    return Heard()


async def test_without_budget_nothing_is_tried_again_and_the_attempt_has_all_the_time(
    patient, heard
):
    session = FakeSession({A: [REFUSED], B: [REFUSED]})
    options = PeerOptions(budget=RetryBudgetOptions(ratio=0.0, reserve=0))
    with pytest.raises(PeerUnavailable, match="cannot be reached"):
        await client(session, A, B, options=options, listener=heard, **patient).call("GET", "/x")
    assert [asked.timeout_ms for asked in session.asked] == [5000]
    assert heard.rejections == ["budget"]


async def test_once_the_budget_is_spent_the_next_attempt_has_all_the_time_that_is_left(patient):
    session = FakeSession({A: [REFUSED]})
    options = PeerOptions(
        timeout_s=3.0,
        retry=RetryOptions(backoff_first_s=0.0),
        budget=RetryBudgetOptions(ratio=0.0, reserve=1),
    )
    with pytest.raises(PeerUnavailable):
        await client(session, A, options=options, **patient).call("GET", "/x")
    assert [asked.timeout_ms for asked in session.asked] == [1000, 3000]


async def test_in_a_full_outage_retries_add_a_fifth_at_most(clock, patient, heard):
    session = FakeSession({A: [REFUSED], B: [REFUSED]})
    options = PeerOptions(breaker=NEVER_OPENS, budget=RetryBudgetOptions(ratio=0.2, reserve=5))
    products = client(session, A, B, options=options, listener=heard, **patient)
    for _ in range(500):
        with pytest.raises(PeerUnavailable):
            await products.call("GET", "/x")
        clock.now_s += 0.01
    assert len(session.asked) == 500 + heard.retries
    assert 50 < heard.retries <= 100
    assert products.view().retries_left == 0


async def test_a_wait_that_the_deadline_does_not_allow_costs_no_budget(patient):
    session = FakeSession({A: [Answer(503, headers={"Retry-After": "30"})]})
    products = client(session, A, **patient)
    before = products.view().retries_left
    with pytest.raises(PeerUnavailable):
        await products.call("GET", "/x")
    assert products.view().retries_left == before


async def test_when_all_places_are_taken_a_call_fails_without_being_made(patient, heard):
    session = FakeSession({A: [None, Answer()]})
    options = PeerOptions(bulkhead=BulkheadOptions(max_in_flight=1, max_waiting=0))
    products = client(session, A, options=options, listener=heard, **patient)
    first = asyncio.create_task(products.call("GET", "/x"))
    await session.hanging.wait()
    with pytest.raises(PeerUnavailable, match="too many calls are in flight") as error:
        await products.call("GET", "/x")
    assert error.value.retry_after_s > 0
    assert not error.value.may_have_happened
    assert (len(session.asked), heard.rejections) == (1, ["bulkhead"])
    first.cancel()
    await asyncio.wait([first])
    assert (await products.call("GET", "/x")).status == 200


async def test_one_who_waits_for_a_place_gets_it_when_a_call_ends(patient):
    session = FakeSession({A: [None, Answer()]})
    options = PeerOptions(bulkhead=BulkheadOptions(max_in_flight=1, max_wait_s=60.0))
    products = client(session, A, options=options, **patient)
    first = asyncio.create_task(products.call("GET", "/x"))
    await session.hanging.wait()
    second = asyncio.create_task(products.call("GET", "/x"))
    await asyncio.sleep(0)
    assert (products.view().in_flight, products.view().waiting) == (1, 1)
    first.cancel()
    assert (await second).status == 200
    assert (products.view().in_flight, products.view().waiting) == (0, 0)


async def test_no_instance_is_blamed_for_time_that_was_spent_waiting_for_a_place(clock, patient):
    session = FakeSession({A: [None, Answer()]})
    options = PeerOptions(
        breaker=BreakerOptions(minimum_calls=1),
        bulkhead=BulkheadOptions(max_in_flight=1, max_wait_s=60.0),
    )
    products = client(session, A, options=options, **patient)
    first = asyncio.create_task(products.call("GET", "/x"))
    await session.hanging.wait()
    second = asyncio.create_task(products.call("GET", "/x", timeout_s=3.0))
    await asyncio.sleep(0)
    clock.now_s += 3.0
    first.cancel()
    with pytest.raises(DeadlineExceeded) as error:
        await second
    assert not error.value.may_have_happened
    assert len(session.asked) == 1
    assert products.view().instances[0].breaker is State.CLOSED

import asyncio
from random import Random

import pytest
from tests.fakes.peer_session import BROKEN, REFUSED, A, Answer, B, C, FakeSession, client

from shop.common.peer import (
    Deadline,
    DeadlineExceeded,
    PeerOptions,
    PeerUnavailable,
    RetryOptions,
    RoundRobin,
    current_deadline,
    deadline_scope,
)


@pytest.fixture
def in_turn():
    return {"balancer": RoundRobin(Random(3))}


async def test_an_answer_comes_back_with_status_headers_and_body():
    session = FakeSession({A: [Answer(201, b'{"id": 1}', {"ETag": '"1"'})]})
    answer = await client(session, A).call("GET", "/x")
    assert (answer.status, answer.headers["ETag"], answer.json()) == (201, '"1"', {"id": 1})


@pytest.mark.parametrize("status", [304, 400, 404, 409, 429, 499])
async def test_an_answer_below_500_is_an_answer_and_never_tried_again(status):
    session = FakeSession({A: [Answer(status)]})
    assert (await client(session, A).call("GET", "/x")).status == status
    assert len(session.asked) == 1


async def test_a_body_is_sent_as_json():
    session = FakeSession({A: [Answer()]})
    await client(session, A).call("put", "/x", json={"name": "ä"})
    (asked,) = session.asked
    assert (asked.method, asked.data) == ("PUT", '{"name":"ä"}'.encode())
    assert asked.headers["Content-Type"] == "application/json"


async def test_no_body_has_no_type():
    session = FakeSession({A: [Answer()]})
    await client(session, A).call("POST", "/x")
    assert session.asked[0].data is None
    assert "Content-Type" not in session.asked[0].headers


async def test_the_callers_headers_come_on_top_of_those_of_every_call():
    session = FakeSession({A: [Answer()]})
    products = client(session, A, headers=lambda: {"X-Request-Id": "r1", "Accept": "a/b"})
    own = {"Accept": "c/d", "content-type": "application/merge-patch+json"}
    await products.call("PATCH", "/x", json={}, headers=own)
    sent = dict(session.asked[0].headers)
    assert int(sent.pop("Request-Timeout-Ms")) > 0
    assert sent == {"X-Request-Id": "r1", **own}


async def test_a_path_without_its_slash_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="starts with a slash"):
        await client(FakeSession({}), A).call("GET", "x")


async def test_with_round_robin_calls_go_to_the_instances_in_turn(in_turn):
    session = FakeSession({A: [Answer()], B: [Answer()]})
    products = client(session, A, B, **in_turn)
    for _ in range(4):
        await products.call("GET", "/x")
    assert sorted(session.urls) == [f"{A}/x"] * 2 + [f"{B}/x"] * 2


@pytest.mark.parametrize("fault", [REFUSED, BROKEN, Answer(502), Answer(503), Answer(504)])
async def test_an_idempotent_call_that_failed_goes_to_another_instance(fault, in_turn):
    session = FakeSession({A: [fault], B: [Answer(200)]})
    products = client(session, A, B, **in_turn)
    for _ in range(4):
        assert (await products.call("GET", "/x")).status == 200
    assert session.urls.count(f"{A}/x") == 2


@pytest.mark.parametrize(
    ("method", "idempotent", "attempts"),
    [
        *((method, None, 3) for method in ("GET", "HEAD", "PUT", "DELETE")),
        *((method, None, 1) for method in ("POST", "PATCH")),
        ("POST", True, 3),
        ("GET", False, 1),
    ],
)
async def test_only_what_is_idempotent_is_repeated_and_the_caller_knows_better_than_the_method(
    patient, method, idempotent, attempts
):
    session = FakeSession({A: [BROKEN]})
    with pytest.raises(PeerUnavailable):
        await client(session, A, **patient).call(method, "/x", idempotent=idempotent)
    assert len(session.asked) == attempts


async def test_every_instance_is_tried_before_one_is_tried_again(patient):
    session = FakeSession({A: [REFUSED], B: [REFUSED], C: [REFUSED]})
    with pytest.raises(PeerUnavailable):
        await client(session, A, B, C, **patient).call("GET", "/x")
    assert sorted(session.urls) == [f"{A}/x", f"{B}/x", f"{C}/x"]


async def test_the_only_instance_is_tried_again_after_growing_waits(clock, patient):
    session = FakeSession({A: [REFUSED]})
    options = PeerOptions(retry=RetryOptions(3, backoff_first_s=0.1, backoff_max_s=9.0))
    with pytest.raises(PeerUnavailable) as error:
        await client(session, A, options=options, **patient).call("GET", "/x")
    assert len(session.asked) == 3
    assert clock.slept_s == [0.1, 0.2]
    assert "a:1 cannot be reached" in error.value.reason


async def test_a_reused_connection_that_the_peer_closed_does_not_show_on_an_idempotent_call():
    session = FakeSession({A: [BROKEN, Answer(200)]})
    assert (await client(session, A).call("POST", "/x", idempotent=True)).status == 200


async def test_a_post_that_broke_off_is_not_repeated_and_may_have_happened():
    session = FakeSession({A: [BROKEN, Answer(200)], B: [BROKEN, Answer(200)]})
    with pytest.raises(PeerUnavailable, match="broke off before its answer") as error:
        await client(session, A, B).call("POST", "/x")
    assert len(session.asked) == 1
    assert error.value.may_have_happened


async def test_a_post_that_reached_nobody_surely_has_not_happened():
    with pytest.raises(PeerUnavailable) as error:
        await client(FakeSession({A: [REFUSED]}), A).call("POST", "/x")
    assert not error.value.may_have_happened


async def test_what_may_have_happened_on_any_attempt_may_have_happened(patient):
    session = FakeSession({A: [BROKEN, REFUSED]})
    with pytest.raises(PeerUnavailable, match="cannot be reached") as error:
        await client(session, A, **patient).call("PUT", "/x")
    assert error.value.may_have_happened


@pytest.mark.parametrize(("status", "attempts"), [(500, 1), (501, 1), (502, 3), (503, 3), (504, 3)])
async def test_5xx_is_unavailable_and_only_a_passing_one_is_tried_again(patient, status, attempts):
    session = FakeSession({A: [Answer(status)]})
    with pytest.raises(PeerUnavailable, match=f"product: a:1 answered {status}"):
        await client(session, A, **patient).call("GET", "/x")
    assert len(session.asked) == attempts


async def test_without_an_instance_it_is_unavailable_at_once():
    with pytest.raises(PeerUnavailable, match="no instance is known") as error:
        await client(FakeSession({})).call("GET", "/x")
    assert error.value.service == "product"
    assert not error.value.may_have_happened


async def test_retry_after_is_kept_before_the_same_instance_is_asked_again(clock, patient):
    session = FakeSession({A: [Answer(503, headers={"Retry-After": "2"}), Answer(200)]})
    assert (await client(session, A, **patient).call("GET", "/x")).status == 200
    assert clock.slept_s == [2.0]


async def test_retry_after_of_one_instance_does_not_hold_up_another(clock, patient, in_turn):
    busy = Answer(503, headers={"Retry-After": "2"})
    session = FakeSession({A: [busy], B: [Answer(200)]})
    products = client(session, A, B, **patient, **in_turn)
    for _ in range(2):
        assert (await products.call("GET", "/x")).status == 200
    assert clock.slept_s == [0.025]


async def test_a_retry_after_past_the_deadline_ends_the_call_at_once(clock, patient):
    session = FakeSession({A: [Answer(503, headers={"Retry-After": "30"})]})
    with pytest.raises(PeerUnavailable) as error:
        await client(session, A, **patient).call("GET", "/x")
    assert error.value.retry_after_s == 30.0
    assert clock.slept_s == []


async def test_where_the_peer_asks_for_no_wait_the_options_say_one():
    options = PeerOptions(retry_after_s=4.0)
    with pytest.raises(PeerUnavailable) as error:
        await client(FakeSession({}), options=options).call("GET", "/x")
    assert error.value.retry_after_s == 4.0


async def test_each_attempt_has_its_share_of_the_time_and_is_told_so(clock, patient):
    session = FakeSession({A: [REFUSED]})
    options = PeerOptions(retry=RetryOptions(3, backoff_first_s=0.0))
    with deadline_scope(Deadline.after(3.0, clock)), pytest.raises(PeerUnavailable):
        await client(session, A, options=options, **patient).call("GET", "/x")
    assert [asked.timeout_ms for asked in session.asked] == [1000, 1500, 3000]


@pytest.mark.parametrize(
    ("current_s", "timeout_s", "due_ms"),
    [
        (None, None, 5000),
        (None, 1.0, 1000),
        (None, 60.0, 60_000),
        (2.0, None, 2000),
        (2.0, 1.0, 1000),
        (2.0, 60.0, 2000),
        (60.0, None, 5000),
    ],
)
async def test_it_is_due_by_the_earliest_of_what_was_said(
    clock, patient, current_s, timeout_s, due_ms
):
    session = FakeSession({A: [Answer()]})
    current = None if current_s is None else Deadline.after(current_s, clock)
    with deadline_scope(current):
        await client(session, A, **patient).call("POST", "/x", timeout_s=timeout_s)
    assert session.asked[0].timeout_ms == due_ms


async def test_past_the_deadline_nobody_is_asked(clock, patient):
    session = FakeSession({A: [Answer()]})
    with deadline_scope(Deadline.after(0.0, clock)), pytest.raises(DeadlineExceeded):
        await client(session, A, **patient).call("GET", "/x")
    assert session.asked == []


async def test_a_peer_that_hangs_is_left_for_another():
    session = FakeSession({A: [None], B: [Answer(200)]})
    products = client(session, A, B)
    with deadline_scope(Deadline.after(0.3)):
        assert (await products.call("GET", "/x")).status == 200
    with deadline_scope(Deadline.after(0.3)):
        assert (await products.call("GET", "/x")).status == 200
    assert session.cancelled == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_when_all_hang_the_deadline_passes_and_it_may_have_happened(method):
    session = FakeSession({A: [None], B: [None]})
    with pytest.raises(DeadlineExceeded, match=r"product: .* did not answer") as error:
        await client(session, A, B).call(method, "/x", timeout_s=0.5)  # time to ask, on any machine
    assert error.value.may_have_happened
    assert session.cancelled == len(session.asked)


async def test_a_cancelled_call_cancels_its_attempt_and_makes_no_other():
    session = FakeSession({A: [None], B: [None]})
    call = asyncio.create_task(client(session, A, B).call("GET", "/x"))
    await session.hanging.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert (len(session.asked), session.cancelled) == (1, 1)


async def test_a_call_leaves_the_current_deadline_as_it_was(clock, patient):
    deadline = Deadline.after(9.0, clock)
    with deadline_scope(deadline):
        await client(FakeSession({A: [Answer()]}), A, **patient).call("GET", "/x", timeout_s=1.0)
        assert current_deadline() is deadline

"""What becomes of a key whose holder fails."""

import orjson
import pytest
from aiohttp import web

from shop.common import peer
from shop.common.errors import Conflict, Unavailable
from shop.common.peer import Deadline, current_deadline, deadline_scope
from shop.common.web.once import Answer, Claim, _answer

HELD = Claim("make:key", "token", "id_1")


class Kept:
    """Keys in memory, which know how much time each call was given."""

    def __init__(self, failing: Exception | None = None) -> None:
        self.failing = failing
        self.answer: Answer | None = None
        self.let_go_s: float | None = None

    async def claim(self, key: str, fingerprint: str, resource_id: str) -> Claim | Answer:
        raise NotImplementedError

    async def remember(self, _claim: Claim, answer: Answer) -> Answer:
        if self.failing:
            raise self.failing
        self.answer = self.answer or answer
        return self.answer

    async def let_go(self, claim: Claim) -> None:
        assert claim == HELD
        deadline = current_deadline()
        assert deadline is not None
        self.let_go_s = deadline.check()
        raise Unavailable("this, too, may fail")


async def answer(keys: Kept, outcome: web.Response | Exception) -> web.Response:
    async def make(resource_id: str) -> web.Response:
        assert resource_id == "id_1"
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return await _answer(keys, HELD, make)


@pytest.mark.parametrize(
    "error", [Unavailable("away"), peer.DeadlineExceeded("late"), ValueError()]
)
async def test_a_failure_lets_go_with_time_of_its_own_and_stays_the_failure(error):
    keys = Kept()
    with deadline_scope(Deadline.after(0.0)), pytest.raises(type(error)) as raised:
        await answer(keys, error)
    assert raised.value is error
    assert keys.let_go_s is not None
    assert keys.answer is None


async def test_an_answer_that_cannot_be_kept_is_not_given():
    keys = Kept(failing=Unavailable("away"))
    with pytest.raises(Unavailable):
        await answer(keys, web.Response(status=201, body=b"{}"))
    assert keys.let_go_s is not None


async def test_a_refusal_is_an_answer_and_is_kept():
    keys = Kept()
    refused = await answer(keys, Conflict("no"))
    assert refused.status == 409
    assert keys.answer is not None
    assert orjson.loads(keys.answer.body)["code"] == "conflict"
    assert keys.let_go_s is None


async def test_what_is_kept_is_given_and_not_what_was_made_later():
    keys = Kept()
    keys.answer = Answer(201, {"ETag": '"1"'}, b"first")
    late = await answer(keys, web.Response(status=202, body=b"second"))
    assert (late.status, late.body, late.headers["ETag"]) == (201, b"first", '"1"')
    assert late.headers["Idempotency-Replayed"] == "true"

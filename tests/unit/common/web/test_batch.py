"""The operations of a batch go side by side, and fail alone."""

import asyncio
import json
from typing import Any

import structlog

from shop.common.errors import NotFound, Unavailable
from shop.common.peer import Deadline, PeerUnavailable, deadline_scope
from shop.common.representation import Representation
from shop.common.web.batch import side_by_side
from shop.common.web.responses import Outcome


async def outcomes(*answers: Any) -> list[Any]:
    response = await side_by_side(answers)
    assert isinstance(response.body, bytes)
    return list(json.loads(response.body)["outcomes"])


async def answered(status: int, body: bytes | None = None) -> Outcome:
    return Outcome(status, body and Representation(1, body))


async def raising(error: Exception) -> Outcome:
    raise error


async def test_each_has_its_status_and_its_body() -> None:
    made = await outcomes(answered(201, b'{"id": "a"}'), answered(204), answered(200, b"{}"))
    assert made == [
        {"status": 201, "body": {"id": "a"}},
        {"status": 204, "body": None},
        {"status": 200, "body": {}},
    ]


async def test_errors_are_told_of_their_own_operation() -> None:
    made = await outcomes(
        raising(NotFound("no")),
        answered(204),
        raising(Unavailable("away")),
        raising(PeerUnavailable("peer", "far")),
        raising(TimeoutError()),
    )
    assert [each["status"] for each in made] == [404, 204, 503, 503, 504]
    assert made[0]["body"]["detail"] == "no"


async def test_what_was_away_until_the_time_was_over_is_out_of_time() -> None:
    with deadline_scope(Deadline.after(0)):
        (made,) = await outcomes(raising(Unavailable("away")))
    assert (made["status"], made["body"]["code"]) == (504, "deadline-exceeded")


async def test_an_unexpected_error_is_logged_and_says_nothing() -> None:
    with structlog.testing.capture_logs() as logs:
        made = await outcomes(answered(204), raising(KeyError("secret")), answered(204))
    assert [each["status"] for each in made] == [204, 500, 204]
    assert made[1]["body"]["code"] == "internal-error"
    assert "secret" not in json.dumps(made)
    assert [entry["event"] for entry in logs] == ["unexpected error in a batch"]


async def test_all_are_under_way_at_once() -> None:
    together = asyncio.Barrier(3)

    async def meeting() -> Outcome:
        await together.wait()
        return Outcome(204)

    assert len(await outcomes(meeting(), meeting(), meeting())) == 3

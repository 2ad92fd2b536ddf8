"""Who holds a key may die or fail after any single write: never is a second thing made."""

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest
from tests.asking import Api, add_product
from tests.integration.idempotency.twins import LEASE, Case, Fate, Sent, Twins

from shop.common.errors import Unavailable

POINTS = ["claimed", "made", "remembered"]


def code(sent: Sent) -> tuple[int, str]:
    return sent.status, orjson.loads(sent.body)["code"]


def made_id(sent: Sent) -> str:
    return str(orjson.loads(sent.body)["id"])


@pytest.fixture(autouse=True)
async def fresh(shop: Twins) -> AsyncIterator[None]:
    """Give each test holders without a past, and the present time."""
    for twin in (*shop.customer, *shop.product, *shop.order):
        twin.fate.renew()
    yield
    shop.clock.ahead *= 0


async def _stopped(case: Case, body: bytes, key: str, at: str) -> tuple[asyncio.Task[Sent], Fate]:
    """Send a request whose holder stops at this point; return when it has."""
    fate = case.first.fate
    fate.at = at
    request = asyncio.create_task(case.first.send(case.path, body, key))
    await fate.reached.wait()
    return request, fate


@pytest.mark.parametrize("at", POINTS)
async def test_a_dead_holder_is_waited_for_until_its_lease_ends(
    case: Case, shop: Twins, key: str, at: str
):
    body = orjson.dumps(case.body)
    request, fate = await _stopped(case, body, key, at)
    made_before = await case.made()
    assert made_before == (0 if at == "claimed" else 1)
    early = await case.second.send(case.path, body, key)
    if at == "remembered":
        assert early.replayed
    else:
        assert code(early) == (409, "request-in-progress")
        assert early.headers["Retry-After"] == "1"
        assert await case.made() == made_before
    shop.clock.ahead = LEASE
    taken_over = await case.second.send(case.path, body, key)
    assert taken_over.status == 201
    assert await case.made() == 1
    again = await case.second.send(case.path, body, key)
    assert again.kept == taken_over.kept
    fate.go.set()
    await request


@pytest.mark.parametrize("at", POINTS)
async def test_a_holder_that_wakes_up_late_answers_what_is_kept(
    case: Case, shop: Twins, key: str, at: str
):
    body = orjson.dumps(case.body)
    request, fate = await _stopped(case, body, key, at)
    shop.clock.ahead = LEASE
    taken_over = await case.second.send(case.path, body, key)
    fate.go.set()
    late = await request
    assert late.kept == taken_over.kept
    assert await case.made() == 1


async def test_two_that_hold_it_one_after_the_other_make_the_same(
    case: Case, shop: Twins, key: str
):
    """The second stops too; the third finds what the first has made, under the id it had then."""
    body = orjson.dumps(case.body)
    requests = []
    for twin in (case.first, case.second):
        twin.fate.at = "made"
        requests.append(asyncio.create_task(twin.send(case.path, body, key)))
        await twin.fate.reached.wait()
        shop.clock.ahead += LEASE
    third = await case.first.send(case.path, body, key)
    case.second.fate.go.set()
    case.first.fate.go.set()
    late = await asyncio.gather(*requests)
    assert {made_id(sent) for sent in (third, *late)} == {made_id(third)}
    assert {sent.kept[2] for sent in late} == {third.body}
    assert await case.made() == 1


async def test_a_late_refusal_does_not_stand_where_another_makes_it(shop: Twins, key: str):
    """One was refused for want of stock and stops; goods come in; another holds the key now."""
    first, second = shop.product
    async with Api(second.url) as api:
        product = await add_product(api, stock=1)
        path, body = f"/products/{product}/stockAdjustments", b'{"delta":-2,"reason":"lost"}'
        first.fate.at = second.fate.at = "made"
        refused = asyncio.create_task(first.send(path, body, key))
        await first.fate.reached.wait()
        await api.post(path, {"delta": 5, "reason": "found"})
        shop.clock.ahead = LEASE
        made = asyncio.create_task(second.send(path, body, key))
        await second.fate.reached.wait()
        first.fate.go.set()
        assert code(await refused) == (409, "request-in-progress")
        second.fate.go.set()
        assert (await made).status == 201
        assert (await first.send(path, body, key)).kept == (await made).kept
        assert (await api.get(f"/products/{product}")).body["stock"]["onHand"] == 4


async def test_a_failure_is_not_kept_and_lets_go_at_once(case: Case, key: str):
    body = orjson.dumps(case.body)
    for error, status in ((Unavailable("away"), 503), (ValueError("a bug"), 500)):
        case.first.fate.errors["remember"] = error
        failed = await case.first.send(case.path, body, key)
        assert failed.status == status
    made = await case.second.send(case.path, body, key)
    assert (made.status, made.replayed) == (201, False)
    assert await case.made() == 1


async def test_a_holder_that_cannot_even_let_go_is_waited_for(case: Case, shop: Twins, key: str):
    """The database goes away when the thing is made: 503, and the same thing after the lease."""
    body = orjson.dumps(case.body)
    case.first.fate.errors |= {"remember": Unavailable("away"), "let_go": Unavailable("away")}
    failed = await case.first.send(case.path, body, key)
    assert code(failed) == (503, "unavailable")
    assert await case.made() == 1
    assert code(await case.second.send(case.path, body, key)) == (409, "request-in-progress")
    shop.clock.ahead = LEASE
    assert (await case.second.send(case.path, body, key)).status == 201
    assert await case.made() == 1


async def test_without_its_keys_nothing_is_made(case: Case, key: str):
    case.first.fate.errors["claim"] = Unavailable("away")
    failed = await case.first.send(case.path, orjson.dumps(case.body), key)
    assert code(failed) == (503, "unavailable")
    assert await case.made() == 0


async def test_a_request_whose_time_is_over_leaves_the_key_until_its_lease_ends(
    case: Case, shop: Twins, key: str
):
    body = orjson.dumps(case.body)
    case.first.fate.at = "claimed"
    headers = {"Request-Timeout-Ms": "300"}
    over = await case.first.send(case.path, body, key, **headers)
    assert code(over) == (504, "deadline-exceeded")
    shop.clock.ahead = LEASE
    assert (await case.second.send(case.path, body, key)).status == 201
    assert await case.made() == 1

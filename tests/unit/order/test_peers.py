"""What is asked of product and customer, and what is made of their answers."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from tests.fakes.order.store_suite import confirmed, pending

from shop.common.errors import Unavailable
from shop.common.peer import PeerResponse, PeerUnavailable
from shop.order.model import Item, Line, Money, Offer, Reason, Standing
from shop.order.peers import HttpCustomer, HttpProduct, UnexpectedAnswer

LINES = (Line("prd_1", 2),)
RESERVATION = {
    "orderId": "ord_1",
    "state": "held",
    "expiresAt": "2026-01-31T12:15:00.000Z",
    "lines": [
        {
            "productId": "prd_1",
            "sku": "LAMP-01",
            "name": "Desk lamp",
            "unitPrice": {"amount": 1999, "currency": "EUR"},
            "quantity": 2,
        }
    ],
    "total": {"amount": 3998, "currency": "EUR"},
}


class Answering:
    """A client that gives one answer, and remembers what it was asked."""

    def __init__(self, status: int, body: Any = None) -> None:
        self.answer = PeerResponse(status, {}, orjson.dumps(body))
        self.asked: tuple[str, str, Any, bool | None, float | None] | None = None

    async def call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        idempotent: bool | None = None,
        timeout_s: float | None = None,
    ) -> PeerResponse:
        self.asked = (method, path, json, idempotent, timeout_s)
        return self.answer


class Away:
    async def call(self, *_args: Any, **_kwargs: Any) -> PeerResponse:
        raise PeerUnavailable("product", "10.0.0.1:8002 cannot be reached")


def problem(code: str, **members: Any) -> dict[str, Any]:
    return {
        "type": "about:blank",
        "title": "No",
        "status": 409,
        "detail": "It is so.",
        "code": code,
        "traceId": "0" * 32,
        **members,
    }


@pytest.mark.parametrize("status", [200, 201])
async def test_a_reservation_is_asked_for_and_read(status: int) -> None:
    client: Any = Answering(status, RESERVATION)
    offer = await HttpProduct(client).reserve("ord_1", LINES, 900, 2.5)
    body = {"lines": [{"productId": "prd_1", "quantity": 2}], "ttlSeconds": 900}
    assert client.asked == ("PUT", "/api/v1/reservations/ord_1", body, True, 2.5)
    item = Item("LAMP-01", "Desk lamp", Money(1999, "EUR"))
    assert offer == Offer({"prd_1": item}, datetime(2026, 1, 31, 12, 15, tzinfo=UTC))


@pytest.mark.parametrize(
    ("status", "code", "members"),
    [
        (409, "insufficient-stock", {"shortages": [{"productId": "prd_1"}]}),
        (422, "unknown-product", {"errors": [{"pointer": "#/lines/0/productId", "detail": "x"}]}),
        (409, "reservation-released", {}),
    ],
)
async def test_a_refusal_is_a_reason_with_all_that_was_said(
    status: int, code: str, members: dict[str, Any]
) -> None:
    client: Any = Answering(status, problem(code, **members))
    answer = await HttpProduct(client).reserve("ord_1", LINES, 900, 2.5)
    assert answer == Reason(code, "It is so.", members)


@pytest.mark.parametrize("state", ["expired", "released"])
async def test_a_reservation_that_is_over_is_a_refusal(state: str) -> None:
    client: Any = Answering(200, {**RESERVATION, "state": state})
    answer = await HttpProduct(client).reserve("ord_1", LINES, 900, 2.5)
    assert isinstance(answer, Reason)
    assert answer.code == f"reservation-{state}"


async def test_a_commit_is_asked_for() -> None:
    client: Any = Answering(200, {**RESERVATION, "state": "committed"})
    assert await HttpProduct(client).commit("ord_1", 1.0) is None
    assert client.asked == ("POST", "/api/v1/reservations/ord_1/commit", None, True, 1.0)


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (409, problem("reservation-expired"), "reservation-expired"),
        (404, problem("not-found"), "reservation-missing"),
    ],
)
async def test_a_commit_that_can_never_succeed_says_why(
    status: int, body: dict[str, Any], code: str
) -> None:
    client: Any = Answering(status, body)
    reason = await HttpProduct(client).commit("ord_1", 1.0)
    assert reason is not None
    assert reason.code == code


async def test_a_release_is_asked_for() -> None:
    client: Any = Answering(200, {"orderId": "ord_1", "state": "released", "lines": []})
    await HttpProduct(client).release("ord_1", 1.0)
    assert client.asked == ("POST", "/api/v1/reservations/ord_1/release", None, True, 1.0)


@pytest.mark.parametrize(("status", "standing"), [(200, "active"), (201, "inactive")])
async def test_a_link_tells_how_the_order_stands(status: int, standing: str) -> None:
    client: Any = Answering(status, {"customerStatus": standing})
    order = replace(confirmed(pending()), version=2)
    assert await HttpCustomer(client).link(order, 1.0) is Standing(standing)
    body = {
        "status": "confirmed",
        "total": {"amount": 5000, "currency": "EUR"},
        "placedAt": "2026-01-31T12:00:00.000Z",
        "orderVersion": 2,
    }
    assert client.asked == ("PUT", "/api/v1/customerOrders/cus_1/ord_1", body, True, 1.0)


async def test_an_order_without_prices_is_linked_without_a_total() -> None:
    client: Any = Answering(200, {"customerStatus": "active"})
    await HttpCustomer(client).link(pending(), 1.0)
    assert client.asked[2]["total"] is None


async def test_a_customer_that_does_not_exist_is_unknown() -> None:
    client: Any = Answering(404, problem("not-found"))
    assert await HttpCustomer(client).link(pending(), 1.0) is Standing.UNKNOWN


async def test_an_order_that_was_unlinked_for_good_is_told_apart_from_other_refusals() -> None:
    client: Any = Answering(409, problem("order-unlinked"))
    assert await HttpCustomer(client).link(pending(), 1.0) is Standing.UNLINKED
    other: Any = Answering(409, problem("conflict"))
    with pytest.raises(UnexpectedAnswer, match="409"):
        await HttpCustomer(other).link(pending(), 1.0)


@pytest.mark.parametrize("status", [204, 404])
async def test_a_link_is_taken_away_once(status: int) -> None:
    client: Any = Answering(status)
    await HttpCustomer(client).unlink(pending(), 1.0)
    path = "/api/v1/customerOrders/cus_1/ord_1?orderVersion=1"
    assert client.asked == ("DELETE", path, None, True, 1.0)


CALLS = {
    "reserve": lambda client: HttpProduct(client).reserve("ord_1", LINES, 900, 1.0),
    "commit": lambda client: HttpProduct(client).commit("ord_1", 1.0),
    "release": lambda client: HttpProduct(client).release("ord_1", 1.0),
    "link": lambda client: HttpCustomer(client).link(pending(), 1.0),
    "unlink": lambda client: HttpCustomer(client).unlink(pending(), 1.0),
}


@pytest.mark.parametrize("name", CALLS)
async def test_what_the_contract_does_not_foresee_leaves_the_outcome_open(name: str) -> None:
    with pytest.raises(UnexpectedAnswer, match="429"):
        await CALLS[name](Answering(429))


@pytest.mark.parametrize("name", CALLS)
async def test_a_peer_that_is_away_is_told_without_its_address(name: str) -> None:
    with pytest.raises(Unavailable) as raised:
        await CALLS[name](Away())
    assert "10.0.0.1" not in raised.value.detail

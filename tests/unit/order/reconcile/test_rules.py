"""What must agree: every status with every reservation and every link."""

from datetime import UTC, datetime
from itertools import product as pairs
from typing import Any

import pytest

from shop.order.reconcile.rules import Disagreement, Repair, Seen, disagreements

ORDER, CUSTOMER = "ord_01arz3ndektsv4rrffq69g5fav", "cus_1"
MADE_AT = datetime(2016, 7, 30, 23, 54, 10, 259000, UTC)  # what the order's id tells
EUROS, OTHER = {"amount": 2500, "currency": "EUR"}, {"amount": 1, "currency": "EUR"}
UPDATED, LINKED = "2026-01-31T12:00:00.000Z", "2026-01-31T11:00:00.000Z"
LINE = {"productId": "prd_1", "quantity": 2}

STATUSES = ("pending", "confirmed", "paid", "shipped", "delivered", "cancelled", "rejected")
STATES = (None, "held", "committed", "released", "expired")
AGREED = {
    *(("pending", state) for state in STATES),
    ("confirmed", "held"),
    *((status, "committed") for status in ("paid", "shipped", "delivered")),
    *(pairs(("cancelled", "rejected"), (None, "released", "expired"))),
}
RELEASE = Repair("product", "POST", f"/reservations/{ORDER}/release")
COMMIT = Repair("product", "POST", f"/reservations/{ORDER}/commit")
CANCEL = Repair("order", "POST", f"/orders/{ORDER}/cancel")
MENDED = {
    **{("confirmed", state): CANCEL for state in (None, "released", "expired")},
    **{(status, "held"): COMMIT for status in ("paid", "shipped", "delivered")},
    **dict.fromkeys(pairs(("cancelled", "rejected"), ("held", "committed")), RELEASE),
}


def order(status: str, customer_link: str = "linked", **more: Any) -> dict[str, Any]:
    shown = {
        "customerId": CUSTOMER,
        "status": status,
        "lines": [LINE],
        "customerLink": customer_link,
        "createdAt": LINKED,
        "updatedAt": UPDATED,
    }
    return {**shown, **({} if status in ("pending", "rejected") else {"total": EUROS}), **more}


def reservation(state: str | None) -> dict[str, Any] | None:
    if state is None:
        return None
    return {"orderId": ORDER, "state": state, "expiresAt": UPDATED, "lines": [LINE]}


def link(status: str, **more: Any) -> dict[str, Any]:
    total = None if status in ("pending", "rejected") else EUROS
    shown = {"customerId": CUSTOMER, "orderId": ORDER, "status": status, "total": total}
    return {**shown, "placedAt": LINKED, "orderVersion": 3, "updatedAt": LINKED, **more}


def found(
    order: dict[str, Any] | None,
    reservation: dict[str, Any] | None,
    link: dict[str, Any] | None,
) -> list[Disagreement]:
    return list(disagreements(Seen(ORDER, order, reservation, link, '"4"', '"7"')))


@pytest.mark.parametrize(("status", "state"), list(pairs(STATUSES, STATES)))
def test_every_status_with_every_reservation(status: str, state: str | None) -> None:
    disagreed = found(order(status), reservation(state), link(status))
    if (status, state) in AGREED:
        assert disagreed == []
        return
    [each] = disagreed
    assert each.what == f"{status}, but {state or 'not known'} at product"
    assert each.since == datetime.fromisoformat(UPDATED)
    assert each.repair == MENDED.get((status, state))


def test_what_only_a_person_can_decide() -> None:
    left = set(pairs(STATUSES, STATES)) - AGREED - MENDED.keys()
    gone = (None, "released", "expired")
    assert left == {
        ("confirmed", "committed"),
        *pairs(("paid", "shipped", "delivered"), gone),
    }


@pytest.mark.parametrize("state", ["held", "committed"])
def test_other_goods_than_were_ordered(state: str) -> None:
    status = {"held": "confirmed", "committed": "paid"}[state]
    for lines in ([], [{**LINE, "quantity": 1}], [LINE, {**LINE, "productId": "prd_2"}]):
        reserved = {**(reservation(state) or {}), "lines": lines}
        [each] = found(order(status), reserved, link(status))
        assert (each.what, each.repair) == (f"other goods are {state} at product", None)


def test_what_is_released_need_not_tell_what_it_was() -> None:
    buried = {"orderId": ORDER, "state": "released", "lines": []}
    assert found(order("rejected"), buried, link("rejected")) == []


def settled(status: str) -> dict[str, Any] | None:
    return reservation(next(state for one, state in AGREED if one == status and state))


def put(status: str, **more: Any) -> Repair:
    total = None if status == "rejected" else EUROS
    body = {"status": status, "total": total, "placedAt": LINKED, "orderVersion": 4}
    return Repair("customer", "PUT", f"/customerOrders/{CUSTOMER}/{ORDER}", body, **more)


@pytest.mark.parametrize(("status", "shown"), list(pairs(STATUSES[1:], STATUSES)))
def test_every_status_with_every_link(status: str, shown: str) -> None:
    for customer_link in ("pending", "linked"):
        disagreed = found(order(status, customer_link), settled(status), link(shown))
        if status == shown:
            assert disagreed == []
            continue
        [each] = disagreed
        assert each.what == f"{status}, but linked at customer as {shown}"
        assert each.repair == put(status, if_match='"7"')


@pytest.mark.parametrize("status", STATUSES[1:])
def test_an_order_without_a_link(status: str) -> None:
    for customer_link in ("pending", "linked"):
        [each] = found(order(status, customer_link), settled(status), None)
        assert each.what == f"{status}, but not linked at customer"
        assert each.repair == put(status)
    assert found(order(status, "removed"), settled(status), None) == []


@pytest.mark.parametrize("status", STATUSES[1:])
def test_a_link_of_an_order_that_has_none(status: str) -> None:
    [each] = found(order(status, "removed"), settled(status), link(status))
    path = f"/customerOrders/{CUSTOMER}/{ORDER}"
    assert each.what == f"{status} and unlinked, but linked at customer"
    assert each.repair == Repair("customer", "DELETE", path, if_match='"7"')


def test_a_link_with_another_total() -> None:
    [each] = found(order("paid"), settled("paid"), link("paid", total=OTHER))
    assert each.what == "paid, but linked at customer with another total"
    assert each.repair == put("paid", if_match='"7"')


def test_a_link_that_knows_a_later_version_than_the_order_has() -> None:
    [each] = found(order("paid"), settled("paid"), link("shipped", orderVersion=5))
    assert each.repair is None


@pytest.mark.parametrize("shown", [None, link("pending"), link("paid")])
def test_what_is_being_placed_is_left_to_the_relay(shown: dict[str, Any] | None) -> None:
    assert found(order("pending", "pending"), None, shown) == []


def test_stock_and_link_may_both_be_wrong() -> None:
    assert len(found(order("paid"), reservation("held"), None)) == 2


@pytest.mark.parametrize(
    ("state", "repair"),
    [("held", RELEASE), ("committed", None), ("released", ...), ("expired", ...), (None, ...)],
)
def test_a_reservation_without_an_order(state: str | None, repair: Any) -> None:
    disagreed = found(None, reservation(state), None)
    if repair is ...:
        assert disagreed == []
        return
    what = f"{state} at product, but no such order"
    assert disagreed == [Disagreement(ORDER, what, MADE_AT, repair)]


def test_nothing_tells_since_when_an_id_is_there_that_others_made() -> None:
    seen = Seen("any-id", None, reservation("held"), None)
    assert [each.since for each in disagreements(seen)] == [None]


def test_a_link_without_an_order() -> None:
    [each] = found(None, None, link("paid"))
    assert each.what == "linked at customer, but no such order"
    assert each.since == datetime.fromisoformat(LINKED)
    assert each.repair is not None
    assert each.repair.method == "DELETE"

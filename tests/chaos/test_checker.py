"""The checker finds each kind of broken promise, in a small shop that is made up."""

import json
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.chaos.checker import check
from tests.chaos.record import Attempt
from tests.chaos.testimony import Testimony
from tests.chaos.world import World

T0 = 1_800_000_000.0
PAID, DEAD, GONE = "ord_paid", "ord_dead", "ord_gone"
LINE = {"productId": "prd_1", "quantity": 2}
TOTAL = {"amount": 20, "currency": "EUR"}


@dataclass
class Shop:
    """What the APIs tell, and what the client wrote down; both right, until a test bends one."""

    world: World
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def broken(self) -> set[str]:
        return {v.rule for v in check(self.world, Testimony(self.attempts, {"prd_1": 10}))}

    def order(self, order_id: str) -> dict[str, Any]:
        return next(order for order in self.world.orders if order["id"] == order_id)

    def set(self, order_id: str, **members: Any) -> None:
        """Change an order wherever it is shown."""
        self.order(order_id).update(members)
        single = self.world.single[order_id]
        assert single is not None
        single.update(members)
        if "status" in members:
            for link in self.world.links["cus_1"]:
                if link["orderId"] == order_id:
                    link["status"] = members["status"]
            self.world.single_links["cus_1", order_id] = {"status": members["status"]}

    def said(self, operation: str, subject: str, status: int | None, **answer: Any) -> Attempt:
        """Have the client write down one more request."""
        body = json.dumps(answer) if answer else None
        attempt = Attempt(operation, subject, status=status, answer=body, at=T0, ended_at=T0 + 9)
        self.attempts.append(attempt)
        return attempt

    def placed(self, tag: str, status: int, order_id: str, key: str | None = None) -> Attempt:
        """Have the client write down a placing."""
        name = "id" if status < 300 else "orderId"
        attempt = self.said("place", tag, status, **{name: order_id, "code": "price-changed"})
        attempt.sent = {"customerId": "cus_1", "lines": [LINE]}
        attempt.key = key
        return attempt


def _order(order_id: str, tag: str, status: str, **more: Any) -> dict[str, Any]:
    address = {"line2": tag}
    shown = {"id": order_id, "customerId": "cus_1", "status": status, "lines": [LINE]}
    return {**shown, "total": TOTAL, "shippingAddress": address, "customerLink": "linked", **more}


def _at(seconds: int) -> str:
    return f"2027-01-15T08:00:{seconds:02}.000Z"  # T0 is 08:00:00


def _reservation(state: str) -> dict[str, Any]:
    return {"state": state, "lines": [LINE], "expiresAt": _at(30)}


@pytest.fixture
def shop() -> Shop:
    """Ten pieces; two sold under a key, two asked for and refused, and an order deleted."""
    orders = [_order(PAID, "t1", "paid"), _order(DEAD, "t2", "rejected")]
    stock = {"onHand": 13, "reserved": 0, "available": 13}
    made = Shop(
        World(
            orders=orders,
            single={o["id"]: deepcopy(o) for o in orders} | {GONE: None},
            events={
                PAID: [
                    {"type": "confirmed", "status": "confirmed", "at": _at(1)},
                    {"type": "paid", "status": "paid", "at": _at(3)},
                ],
                DEAD: [{"type": "stock-released", "at": _at(2)}],
            },
            reservations={
                PAID: _reservation("committed"),
                DEAD: _reservation("released"),
                GONE: _reservation("released"),
                "walkin-1": _reservation("expired"),
            },
            customers={"cus_1": {"id": "cus_1"}, "cus_gone": None},
            links={
                "cus_1": [
                    {"orderId": o["id"], "status": o["status"], "total": TOTAL} for o in orders
                ]
            },
            single_links={("cus_1", o["id"]): {"status": o["status"]} for o in orders},
            stocks={"prd_1": [dict(stock), dict(stock)]},
            adjustments={"prd_1": [{"reason": "a1", "delta": 5}]},
        )
    )
    for _ in range(2):
        made.placed("t1", 201, PAID, key="k1")
    made.placed("t2", 409, DEAD)
    made.placed("t3", 409, GONE)
    made.said("pay", PAID, 200, id=PAID)
    made.said("delete", GONE, 204)
    made.said("adjust", "a1", 201, id="adj_1").key = "a1"
    made.said("reserve", "walkin-1", 201)
    made.said("delete", "cus_gone", 204)
    return made


def test_a_shop_that_kept_its_promises_has_no_violation(shop):
    assert shop.broken == set()


def test_a_lost_order_is_found(shop):
    shop.world.orders.remove(shop.order(DEAD))
    assert "order lost" in shop.broken


def test_an_order_that_is_only_listed_is_found(shop):
    shop.world.single[DEAD] = None
    assert "order lost" in shop.broken


def test_an_order_that_is_listed_twice_is_found(shop):
    shop.world.orders.append(shop.order(PAID))
    assert "listed twice" in shop.broken


def test_an_order_that_nobody_asked_for_is_found(shop):
    shop.world.orders.append(_order("ord_x", "t9", "rejected"))
    shop.world.events["ord_x"] = []
    assert "order invented" in shop.broken


def test_an_order_of_other_goods_than_asked_for_is_found(shop):
    shop.set(DEAD, lines=[{"productId": "prd_1", "quantity": 7}])
    assert "order altered" in shop.broken


def test_two_orders_of_one_key_are_found(shop):
    shop.world.orders.append(_order("ord_x", "t1", "rejected"))
    shop.world.events["ord_x"] = []
    assert "order doubled" in shop.broken


def test_two_orders_of_one_key_are_found_even_if_one_was_deleted(shop):
    shop.placed("t2", 409, "ord_x", key="k2")
    shop.said("delete", "ord_x", 204)
    assert shop.broken == {"order doubled"}


def test_a_deleted_order_that_is_there_again_is_found(shop):
    shop.world.single[GONE] = _order(GONE, "t3", "rejected")
    assert shop.broken == {"deletion lost"}


@pytest.mark.parametrize("status", ["pending", "confirmed"])
def test_an_order_that_does_not_settle_is_found(shop, status):
    shop.set(DEAD, status=status)
    assert "order unsettled" in shop.broken


def test_a_link_that_does_not_settle_is_found(shop):
    shop.set(DEAD, customerLink="pending")
    assert shop.broken == {"link unsettled"}


def test_a_stale_order_is_found(shop):
    shop.world.single[PAID]["status"] = "confirmed"
    assert shop.broken == {"stale read"}


def test_a_lost_payment_is_found(shop):
    shop.set(PAID, status="cancelled", statusReason="unpaid")
    assert "transition lost" in shop.broken


def test_a_payment_is_not_lost_if_the_client_cancelled(shop):
    shop.set(PAID, status="cancelled", statusReason="requested")
    shop.said("cancel", PAID, None)
    shop.world.reservations[PAID]["state"] = "released"
    shop.world.stocks["prd_1"] = [{"onHand": 15, "reserved": 0, "available": 15}]
    assert shop.broken == set()


def test_a_lost_cancellation_is_found(shop):
    shop.said("cancel", PAID, 200)
    assert shop.broken == {"transition lost"}


def test_a_lost_confirmation_is_found(shop):
    shop.placed("t2", 201, DEAD)
    assert "confirmation lost" in shop.broken


def test_a_payment_that_nobody_made_is_found(shop):
    shop.attempts = [a for a in shop.attempts if a.operation != "pay"]
    assert shop.broken == {"transition invented"}


def test_a_cancellation_that_was_refused_and_happened_is_found(shop):
    shop.set(PAID, status="cancelled", statusReason="requested")
    shop.said("cancel", PAID, 409, code="illegal-transition")
    assert "transition invented" in shop.broken


def test_a_missing_link_is_found(shop):
    shop.world.links["cus_1"].pop()
    assert shop.broken == {"link wrong"}


def test_a_double_link_is_found(shop):
    shop.world.links["cus_1"].append(shop.world.links["cus_1"][0])
    assert shop.broken == {"link wrong"}


def test_a_link_to_no_order_is_found(shop):
    shop.world.links["cus_1"].append({"orderId": GONE, "status": "cancelled", "total": None})
    assert shop.broken == {"link wrong"}


def test_a_link_with_an_old_status_is_found(shop):
    shop.world.links["cus_1"][0]["status"] = "confirmed"
    assert "link wrong" in shop.broken


def test_a_link_that_is_stale_by_itself_is_found(shop):
    shop.world.single_links["cus_1", PAID] = {"status": "confirmed"}
    assert shop.broken == {"stale read"}


def test_a_customer_deleted_while_an_order_was_open_is_found(shop):
    shop.order(PAID)["customerId"] = "cus_gone"
    assert "customer deleted too early" in shop.broken


def test_a_customer_who_was_deleted_and_is_there_is_found(shop):
    shop.world.customers["cus_gone"] = {"id": "cus_gone"}
    assert shop.broken == {"deletion lost"}


@pytest.mark.parametrize("member", ["onHand", "reserved"])
def test_stock_that_does_not_add_up_is_found(shop, member):
    shop.world.stocks["prd_1"][1][member] += 1
    assert shop.broken == {"stock wrong"}


def test_negative_stock_is_found(shop):
    shop.world.adjustments["prd_1"][0]["delta"] = -11
    assert "stock negative" in shop.broken


def test_an_adjustment_that_was_made_twice_is_found(shop):
    shop.world.adjustments["prd_1"].append({"reason": "a1", "delta": 0})
    assert shop.broken == {"adjustment doubled"}


def test_a_lost_adjustment_is_found(shop):
    shop.said("adjust", "a2", 201)
    assert shop.broken == {"adjustment lost"}


@pytest.mark.parametrize("tag", ["a2", "a3"])
def test_an_adjustment_that_nobody_asked_for_or_that_was_refused_is_found(shop, tag):
    shop.said("adjust", "a2", 409, code="insufficient-stock")
    shop.world.adjustments["prd_1"].append({"reason": tag, "delta": 0})
    assert shop.broken == {"adjustment invented"}


@pytest.mark.parametrize("state", ["held", "committed", "expired"])
def test_goods_that_did_not_come_back_from_a_dead_order_are_found(shop, state):
    shop.world.reservations[DEAD]["state"] = state
    assert "goods astray" in shop.broken


def test_goods_that_expired_before_their_order_was_released_are_not_astray(shop):
    shop.world.reservations[DEAD]["state"] = "expired"
    shop.world.events[DEAD][0]["at"] = _at(31)
    assert shop.broken == set()


@pytest.mark.parametrize("state", ["held", "released", "expired"])
def test_sold_goods_that_are_not_committed_are_found(shop, state):
    shop.world.reservations[PAID]["state"] = state
    assert "goods astray" in shop.broken


@pytest.mark.parametrize(("end", "state"), [("commit", "expired"), ("release", "committed")])
def test_a_reservation_that_ended_otherwise_than_answered_is_found(shop, end, state):
    shop.said(end, "walkin-1", 200)
    shop.world.reservations["walkin-1"]["state"] = state
    assert "goods astray" in shop.broken


def test_a_replay_that_differs_is_found(shop):
    shop.placed("t1", 202, PAID, key="k1")
    assert shop.broken == {"replay differs"}


def test_an_answer_may_be_erased_with_the_customer_and_not_otherwise(shop):
    repeated = shop.said("place", "t1", 409, code="erased")
    repeated.key, repeated.sent = "k1", {"customerId": "cus_1", "lines": [LINE]}
    assert shop.broken == {"replay differs"}
    shop.set(PAID, shippingAddress=None)
    assert shop.broken == set()


def test_a_key_that_is_still_in_progress_is_no_replay(shop):
    attempt = shop.said("place", "t1", 409, code="request-in-progress")
    attempt.key, attempt.sent = "k1", {"customerId": "cus_1", "lines": [LINE]}
    assert shop.broken == set()


def test_an_internal_error_is_found(shop):
    shop.said("pay", PAID, 500, code="internal-error")
    assert shop.broken == {"internal error"}


def test_an_order_that_was_unknown_for_a_time_is_found(shop):
    shop.said("look", PAID, 404, code="not-found")
    assert shop.broken == {"order unknown for a time"}

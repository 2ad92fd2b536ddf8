import pytest

from shop.local.errors import LocalError
from shop.local.peers import Told, render

OPEN = {
    "id": "product-127.0.0.1-8002",
    "breaker": "open",
    "retryAfterS": 1.25,
    "expectedLatencyMs": 512.345,
    "inFlight": 3,
    "warmth": 0.1,
}
PRODUCT = {
    "peer": "product",
    "instances": [OPEN],
    "watch": {"ageS": 12.04, "connected": False},
}


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


def test_an_instance_is_shown_with_all_that_its_caller_knows():
    head, row = render([Told("order-1", [PRODUCT])]).splitlines()
    assert dict(zip(cells(head), cells(row), strict=True)) == {
        "CALLER": "order-1",
        "PEER": "product",
        "INSTANCE": "product-127.0.0.1-8002",
        "BREAKER": "open",
        "RETRY AFTER": "1.2 s",
        "EXPECTED MS": "512.3",
        "IN FLIGHT": "3",
        "WARMTH": "10%",
        "WATCH AGE": "12.0 s, away",
    }


def test_a_breaker_that_lets_calls_pass_names_no_wait():
    closed = {**OPEN, "breaker": "closed", "retryAfterS": 0.0}
    row = render([Told("order-1", [{**PRODUCT, "instances": [closed]}])]).splitlines()[1]
    assert cells(row)[3:5] == ["closed", "-"]


def test_a_peer_that_was_not_called_yet_has_a_row():
    row = render([Told("order-1", [{"peer": "customer", "instances": [], "watch": None}])])
    assert cells(row.splitlines()[1]) == ["order-1", "customer", *7 * ["-"]]


def test_who_told_nothing_stands_below_the_table():
    lines = render([Told("order-1", [PRODUCT]), Told("order-2", fault="does not answer")])
    assert lines.splitlines()[2:] == ["", "order-2 does not answer"]


def test_where_nobody_calls_anybody_it_says_so():
    assert "No instance" in render([Told("customer-1"), Told("product-1")])


def test_where_nobody_tells_anything_it_fails():
    with pytest.raises(LocalError, match=r"order-1 does not answer\n +order-2 is odd"):
        render([Told("order-1", fault="does not answer"), Told("order-2", fault="is odd")])

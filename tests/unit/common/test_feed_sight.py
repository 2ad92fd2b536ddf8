"""Whose changes a caller of a feed is shown."""

import pytest

from shop.common.caller import ANYONE, Caller, Kind
from shop.common.feed.answer import _whose

ADA = Caller(Kind.SHOPPER, "ada", customer_id="cus_ada")
STAFF = Caller(Kind.STAFF, "desk")


@pytest.mark.parametrize(
    ("who", "asked", "shown"),
    [
        (ADA, None, "cus_ada"),
        (ADA, "cus_ada", "cus_ada"),
        (ADA, "cus_grace", ""),
        (Caller(Kind.SHOPPER, "new"), None, ""),
        (Caller(Kind.SHOPPER, "new"), "cus_ada", ""),
        (STAFF, None, None),
        (STAFF, "cus_ada", "cus_ada"),
        (ANYONE, None, None),
    ],
)
def test_a_shopper_is_shown_its_own_and_others_what_they_ask_for(who, asked, shown):
    assert _whose(who, asked) == shown

"""Whose address a request counts for."""

import pytest

from shop.common.rate import Addresses


@pytest.mark.parametrize(
    ("hops", "peer", "forwarded", "expected"),
    [
        (0, "192.0.2.1", [], "192.0.2.1"),
        (0, "192.0.2.1", ["203.0.113.9"], "192.0.2.1"),  # nobody is trusted to tell
        (1, "10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        (1, "10.0.0.1", ["1.2.3.4, 203.0.113.9"], "203.0.113.9"),  # the caller sent the first
        (1, "10.0.0.1", ["1.2.3.4", "203.0.113.9"], "203.0.113.9"),
        (2, "10.0.0.1", ["1.2.3.4, 203.0.113.9, 10.0.0.7"], "203.0.113.9"),
        (1, "10.0.0.1", [], None),  # from inside
        (2, "10.0.0.1", ["203.0.113.9"], None),
        (1, "10.0.0.1", ["nonsense"], None),
        (1, "10.0.0.1", [""], None),
        (1, "10.0.0.1", ["::ffff:203.0.113.9"], "203.0.113.9"),
    ],
)
def test_only_what_trusted_proxies_tell_counts(hops, peer, forwarded, expected):
    assert Addresses(hops).of(peer, forwarded) == expected


def test_addresses_of_one_household_count_as_one():
    one, other = (Addresses(1).of("10.0.0.1", [f"2001:db8::{n}"]) for n in (1, 2))
    assert one == other
    assert one != Addresses(1).of("10.0.0.1", ["2001:db8:0:1::1"])
    assert Addresses(0).of("2001:db8::1", []) == one

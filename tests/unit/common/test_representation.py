"""A resource as one value for a cache."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shop.common.representation import Representation


@given(st.integers(0, 2**63 - 1), st.binary())
@example(1, b"")
@example(1, b"\n\n2\n")
@example(2**53, b"{}")
def test_what_was_packed_is_unpacked(version, body):
    packed = Representation(version, body).pack()
    assert Representation.unpack(packed) == Representation(version, body)


@pytest.mark.parametrize("value", [b"", b"{}", b"x\n{}", b"\n{}"])
def test_what_was_not_packed_cannot_be_unpacked(value):
    with pytest.raises(ValueError, match="invalid literal"):
        Representation.unpack(value)

"""Pages, and the cursors between them."""

import base64

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shop.common.page import Cursors, InvalidCursor, Page, cut

CURSORS = Cursors.of("customers", status="active", email=None)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def forged(content: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(content)).decode().rstrip("=")


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(-(2**63), 2**63 - 1))
def test_a_cursor_gives_back_the_key_it_was_made_of(text, number):
    assert CURSORS.decode(CURSORS.encode(text, number), str, int) == [text, number]


@given(st.text())
@example("")
@example("=")
@example("====")
@example("a")
@example("\udcff")
@example("é" * 8)
@example(base64.urlsafe_b64encode(b"[" * 100_000).decode())
def test_garbage_is_an_invalid_cursor_and_nothing_else(garbage):
    with pytest.raises(InvalidCursor):
        CURSORS.decode(garbage, str)


@given(st.binary())
def test_binary_garbage_is_an_invalid_cursor(garbage):
    with pytest.raises(InvalidCursor):
        CURSORS.decode(base64.urlsafe_b64encode(garbage).decode(), str)


@given(JSON)
@example([])
@example({})
@example({CURSORS.scope: 1})
@example(CURSORS.scope)
@example([CURSORS.scope])
@example([CURSORS.scope, None])
@example([CURSORS.scope, True, "x"])
@example([CURSORS.scope, 1.0, "x"])
@example([CURSORS.scope, 1, "x", "y"])
@example([CURSORS.scope, {"$gt": ""}, "x"])
def test_json_of_another_shape_is_an_invalid_cursor(content):
    try:
        cursor = forged(content)
    except TypeError:  # an int that JSON cannot hold here
        return
    with pytest.raises(InvalidCursor):
        CURSORS.decode(cursor, int, str)


@pytest.mark.parametrize(
    "other",
    [
        Cursors.of("orders", status="active"),
        Cursors.of("customers"),
        Cursors.of("customers", status="inactive"),
        Cursors.of("customers", email="active"),
        Cursors.of("customers", status="active", email="a@b.c"),
    ],
)
def test_a_cursor_is_refused_by_another_list_and_under_other_filters(other):
    with pytest.raises(InvalidCursor):
        CURSORS.decode(other.encode("x"), str)


def test_the_order_in_which_filters_are_named_does_not_matter():
    assert Cursors.of("x", a=1, b=2) == Cursors.of("x", b=2, a=1)


def test_an_invalid_cursor_says_what_to_do():
    error = InvalidCursor()
    assert error.code == "invalid-cursor"
    assert [field.pointer for field in error.fields] == ["?cursor"]


@given(st.integers(0, 30), st.integers(1, 10))
def test_the_item_too_many_is_cut_off_and_leads_to_the_next_page(count, limit):
    items = list(range(min(count, limit + 1)))
    page = cut(items, limit, str)
    assert list(page.items) == items[:limit]
    assert page.next_cursor == (str(limit - 1) if count > limit else None)


def test_an_empty_page_is_the_last():
    assert cut([], 10, str) == Page([], None)

"""Parameters, held to what the spec declares."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, MultiDict

from shop.common.errors import NotFound, Unprocessable
from shop.common.web.parameters import header_check, path_check, query_reader
from shop.common.web.spec import Operation

TIME = {"type": "string", "format": "date-time", "minLength": 20, "maxLength": 35}
DECLARED = {
    "limit": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20},
    "delta": {"type": "integer"},
    "status": {"type": "string", "enum": ["active", "inactive"]},
    "country": {"type": "string", "pattern": "^[A-Z]{2}$"},
    "word": {"type": "string", "minLength": 2, "maxLength": 4},
    "updatedSince": TIME,
    "ids": {
        "type": "array",
        "minItems": 1,
        "maxItems": 3,
        "uniqueItems": True,
        "items": {"type": "string", "pattern": "^[a-z]+$"},
    },
}
ABSENT = dict.fromkeys(["delta", "status", "country", "word", "updated_since", "ids"])


def operation(place: str, **parameters: dict[str, object]) -> Operation:
    declared = tuple({"name": name, "in": place, **about} for name, about in parameters.items())
    return Operation("list_things", "GET", "/things", declared, ())


LISTING = operation("query", **DECLARED)


def read(*given: tuple[str, str]) -> dict[str, object]:
    return query_reader(LISTING)(MultiDict(given))


def faults(*given: tuple[str, str]) -> list[tuple[str, str]]:
    with pytest.raises(Unprocessable) as caught:
        read(*given)
    return [(field.pointer, field.detail) for field in caught.value.fields]


def test_what_is_absent_has_its_default_or_is_none():
    assert read() == {"limit": 20, **ABSENT}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("limit", "1", 1),
        ("limit", "100", 100),
        ("limit", "007", 7),
        ("delta", "-5", -5),
        ("delta", "999999999999999999", 999999999999999999),
        ("status", "active", "active"),
        ("country", "DE", "DE"),
        ("word", "ab", "ab"),
        ("word", "äöüß", "äöüß"),
        ("ids", "a", ["a"]),
        ("ids", "a,b,c", ["a", "b", "c"]),
    ],
)
def test_a_value_is_read_as_its_type(name, text, value):
    assert read((name, text))[name] == value


@pytest.mark.parametrize("text", ["2026-01-31T12:00:00Z", "2026-01-31T13:00:00.000+01:00"])
def test_a_time_is_read_in_any_zone_under_its_name_in_python(text):
    assert read(("updatedSince", text))["updated_since"] == datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "text", "detail"),
    [
        ("limit", "0", "must be between 1 and 100"),
        ("limit", "101", "must be between 1 and 100"),
        ("limit", "-1", "must be between 1 and 100"),
        ("limit", "", "must be an integer"),
        ("limit", "ten", "must be an integer"),
        ("limit", "1.0", "must be an integer"),
        ("limit", "1e1", "must be an integer"),
        ("limit", "+1", "must be an integer"),
        ("limit", " 1", "must be an integer"),
        ("limit", "1_0", "must be an integer"),
        ("limit", "1\n", "must be an integer"),
        ("limit", "٣", "must be an integer"),
        ("limit", "9" * 5000, "must be an integer"),
        ("delta", "1000000000000000000", "must be an integer"),
        ("status", "gone", "must be one of: active, inactive"),
        ("status", "", "must be one of: active, inactive"),
        ("country", "de", "must match ^[A-Z]{2}$"),
        ("country", "DE\n", "must match ^[A-Z]{2}$"),
        ("word", "a", "must have 2 to 4 characters"),
        ("word", "abcde", "must have 2 to 4 characters"),
        ("ids", "", "must have 1 to 3 items, separated by commas"),
        ("ids", "a,b,c,d", "must have 1 to 3 items, separated by commas"),
        ("ids", "a,a", "must not name an item twice"),
        ("ids", "a,,b", "must match ^[a-z]+$"),
        ("ids", "a, b", "must match ^[a-z]+$"),
    ],
)
def test_a_value_that_breaks_its_schema_is_pointed_at(name, text, detail):
    assert faults((name, text)) == [(f"?{name}", detail)]


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T12:00:00.0",
        "2026-01-31 12:00:00Z",
        "2026-01-31T12:00+01:00",
        "2026-W05-6T12:00:00Z",
        "20260131T120000+0000",
        "2026-02-30T12:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_a_time_that_is_none_is_pointed_at(text):
    ((pointer, detail),) = faults(("updatedSince", text))
    assert pointer == "?updatedSince"
    assert "RFC 3339" in detail


def test_all_faults_are_told_at_once_and_unknown_parameters_are_faults():
    pointers = [pointer for pointer, _ in faults(("x", "1"), ("x", "2"), ("limit", "0"), ("y", ""))]
    assert pointers == ["?x", "?y", "?limit"]


def test_a_repeated_parameter_is_refused_even_if_it_says_the_same():
    assert faults(("limit", "5"), ("limit", "5")) == [("?limit", "is given more than once")]


def test_a_required_parameter_must_be_there():
    needy = operation("query", orderVersion={"type": "integer", "required": True})
    with pytest.raises(Unprocessable) as caught:
        query_reader(needy)(MultiDict())
    assert caught.value.fields[0].detail == "is required"
    assert query_reader(needy)(MultiDict(orderVersion="3")) == {"order_version": 3}


@given(st.lists(st.tuples(st.sampled_from([*DECLARED, "x"]), st.text())))
def test_whatever_is_given_is_taken_or_refused_and_nothing_else(given_):
    with suppress(Unprocessable):
        assert read(*given_).keys() == {"limit", *ABSENT}


def test_an_address_that_breaks_its_pattern_is_not_found():
    one = operation("path", thingId={"type": "string", "pattern": "^th_[0-9]{2}$"})
    path_check(one)({"thingId": "th_12"})
    for wrong in ("th_1", "th_123", "th_12\n", "../th_12", "TH_12", ""):
        with pytest.raises(NotFound):
            path_check(one)({"thingId": wrong})


def test_a_header_that_breaks_its_schema_is_pointed_at_by_its_name():
    guarded = operation(
        "header", **{"If-Match": {"type": "string", "minLength": 1, "maxLength": 5}}
    )
    header_check(guarded)(CIMultiDict())
    header_check(guarded)(CIMultiDict({"if-match": '"1"', "Other": "x" * 100}))
    for wrong in ("", '"12345"'):
        with pytest.raises(Unprocessable) as caught:
            header_check(guarded)(CIMultiDict({"if-match": wrong}))
        assert [field.pointer for field in caught.value.fields] == ["If-Match"]

"""Fields and schemas: strict, camelCase outside, snake_case inside."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import pytest
from marshmallow import ValidationError, fields

from shop.common.errors import Unprocessable
from shop.common.money import Money
from shop.common.web.body import checked
from shop.common.web.schema import (
    NOT_BLANK,
    GivenTime,
    MoneySchema,
    Schema,
    Time,
    one_of,
    text,
    up_to,
    whole,
)


class Colour(StrEnum):
    RED = "red"
    DARK_BLUE = "darkBlue"


@dataclass(frozen=True)
class Thing:
    unit_price: Money
    colour: Colour | None = None
    tags: tuple[str, ...] = ()


class ThingSchema(Schema):
    model = Thing
    unit_price = fields.Nested(MoneySchema, required=True)
    colour = one_of(Colour)
    tags = up_to(2, text(1, 3))


PRICE = {"amount": 1999, "currency": "EUR"}


def one(field: fields.Field) -> Schema:
    return Schema.from_dict({"value": field})()


def refused(field: fields.Field, value: object) -> bool:
    try:
        one(field).load({"value": value})
    except ValidationError:
        return True
    return False


def pointers(document: object) -> list[str]:
    with pytest.raises(Unprocessable) as caught:
        checked(ThingSchema(), document)
    return [field.pointer for field in caught.value.fields]


def test_a_document_is_loaded_into_the_model():
    document = {"unitPrice": PRICE, "colour": "darkBlue", "tags": ["a", "b"]}
    assert ThingSchema().load(document) == Thing(Money(1999, "EUR"), Colour.DARK_BLUE, ("a", "b"))


def test_what_is_absent_is_left_to_the_model():
    assert ThingSchema().load({"unitPrice": PRICE}) == Thing(Money(1999, "EUR"))


def test_the_model_is_dumped_and_what_is_absent_is_left_out():
    assert ThingSchema().dump(Thing(Money(1999, "EUR"))) == {"unitPrice": PRICE, "tags": []}


def test_what_may_be_null_is_dumped_as_null():
    class Both(Schema):
        may = fields.String(allow_none=True)
        may_not = fields.String()

    assert Both().dump({"may": None, "may_not": None}) == {"may": None}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"unitPrice": PRICE, "x": 1}, ["#/x"]),
        ({"unitPrice": PRICE, "unit_price": PRICE}, ["#/unit_price"]),
        ({}, ["#/unitPrice"]),
        ({"unitPrice": None}, ["#/unitPrice"]),
        ({"unitPrice": []}, ["#/unitPrice"]),
        ({"unitPrice": {"amount": -1, "currency": "EUR"}}, ["#/unitPrice/amount"]),
        ({"unitPrice": PRICE, "tags": ["a", "", "c"]}, ["#/tags/1"]),
        ({"unitPrice": PRICE, "tags": ["a"] * 3}, ["#/tags"]),
        ({"unitPrice": PRICE, "tags": "ab"}, ["#/tags"]),
        ({"unitPrice": PRICE, "a/b~c": 1}, ["#/a~1b~0c"]),
        ({"unitPrice": PRICE, "colour": []}, ["#/colour"]),
        ({"unitPrice": PRICE, "colour": {}}, ["#/colour"]),
        ({"unitPrice": PRICE, "colour": "RED"}, ["#/colour"]),
        (None, ["#"]),
        ([], ["#"]),
        ("x", ["#"]),
        (1, ["#"]),
    ],
)
def test_each_fault_is_pointed_at(document, expected):
    assert pointers(document) == expected


def test_two_faults_are_told_at_once():
    assert sorted(pointers({"x": 1, "colour": "green"})) == ["#/colour", "#/unitPrice", "#/x"]


@pytest.mark.parametrize("value", [0, 10**12])
def test_an_amount_within_bounds_is_taken(value):
    assert MoneySchema().load({"amount": value, "currency": "EUR"}).amount == value


@pytest.mark.parametrize("value", [-1, 10**12 + 1, 1.0, 1.5, 1e30, "1", True, None, [1]])
def test_an_amount_is_a_whole_number_within_bounds_and_nothing_like_it(value):
    assert refused(whole(0, 10**12), value)


@pytest.mark.parametrize("value", ["eur", "EU", "EURO", "EUR\n", "ÄÖÜ", ""])
def test_a_currency_is_three_capital_letters(value):
    with pytest.raises(ValidationError):
        MoneySchema().load({"amount": 1, "currency": value})


@pytest.mark.parametrize("value", ["a", " a ", "\u3000", "é", "\x00a"])
def test_a_text_is_not_blank_if_one_character_shows(value):
    assert not refused(text(1, 10, NOT_BLANK), value)


@pytest.mark.parametrize("value", ["", " ", "\t\n", "\x00", "\xa0", "\x7f\x80\x9f", 1, None, True])
def test_a_text_that_shows_nothing_is_blank(value):
    assert refused(text(1, 10, NOT_BLANK), value)


@pytest.mark.parametrize("value", ["abc", "xabc", "xabcx"])
def test_a_pattern_is_searched_for(value):
    assert not refused(text(1, 10, "abc"), value)


def test_the_end_of_a_pattern_is_the_very_end():
    assert not refused(text(1, 10, "^a$"), "a")
    assert refused(text(1, 10, "^a$"), "a\n")


def test_a_given_time_is_kept_to_the_millisecond_in_utc():
    loaded = one(GivenTime()).load({"value": "2026-01-31T13:00:00.123456+01:00"})["value"]
    assert loaded == datetime(2026, 1, 31, 12, 0, 0, 123000, UTC)
    assert loaded.tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-31T12:00:00",
        "2026-01-31 12:00:00Z",
        "2026-01-31T12:00:00+0100",
        "2026-W05-6T12:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-01-31T12:00:00." + "1" * 20 + "Z",
        "2026-01-31T12:00:00Z\n",
        "",
        1769860800,
        None,
        [],
    ],
)
def test_a_given_time_is_a_time_of_rfc_3339(value):
    assert refused(GivenTime(), value)


@pytest.mark.parametrize("year", [1, 999, 2026, 9999])
def test_a_shown_time_has_24_characters_in_any_year(year):
    shown = one(Time()).dump({"value": datetime(year, 1, 31, 12, tzinfo=UTC)})["value"]
    assert shown == f"{year:04d}-01-31T12:00:00.000Z"

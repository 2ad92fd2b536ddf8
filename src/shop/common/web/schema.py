"""What the marshmallow schemas of the services have in common."""

import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import datetime
from enum import StrEnum
from itertools import chain
from typing import Any

import marshmallow
from marshmallow import fields, post_dump, post_load, validate

from shop.common.address import Address
from shop.common.clock import of_rfc3339, rfc3339
from shop.common.money import AMOUNT_MAX, Money

BATCH_MAX = 128
"""How many operations a batch has at most."""

NOT_BLANK = r"[^\x00-\x20\x7f-\xa0]"
_RFC3339_MS = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


class Schema(marshmallow.Schema):
    """Strict, camelCase in JSON, snake_case in Python.

    Loads into the class that ``model`` names, and leaves absent values out when it dumps.
    """

    model: type[Any] | None = None

    class Meta:
        """Unknown fields are errors."""

        unknown = marshmallow.RAISE

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Name the field in camelCase in JSON."""
        field_obj.data_key = field_obj.data_key or _camel(field_name)

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> Any:
        return self.model(**data) if self.model else data

    @post_dump
    def _leave_out_absent(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {k: v for k, v in data.items() if v is not None or self.fields_by_key[k].allow_none}

    @property
    def fields_by_key(self) -> dict[str, fields.Field[Any]]:
        """Return the fields by their names in JSON."""
        return {field.data_key or name: field for name, field in self.fields.items()}


class Time(fields.DateTime):
    """A time that is shown: RFC 3339, UTC, milliseconds."""

    def __init__(self, **options: Any) -> None:
        bounds = {"minLength": 24, "maxLength": 24, "pattern": _RFC3339_MS}
        super().__init__(metadata=bounds, **options)

    def _serialize(self, value: Any, *_: Any, **__: Any) -> str | None:
        return None if value is None else rfc3339(value)


class GivenTime(fields.AwareDateTime):
    """A time that is given: any RFC 3339 time, kept to the millisecond in UTC."""

    def __init__(self, **options: Any) -> None:
        super().__init__(metadata={"minLength": 20, "maxLength": 35}, **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> datetime:
        if isinstance(value, str) and 20 <= len(value) <= 35:
            with suppress(ValueError):
                return of_rfc3339(value)
        raise self.make_error("invalid", input=value, obj_type="datetime")


class Names(fields.Dict):
    """An object whose names are free; a fault is told at its name (marshmallow adds a level)."""

    def _deserialize(self, *arguments: Any, **options: Any) -> Any:
        try:
            return super()._deserialize(*arguments, **options)  # type: ignore[no-untyped-call]
        except marshmallow.ValidationError as error:
            if not isinstance(error.messages, dict):
                raise
            told = {name: list(faults.values()) for name, faults in error.messages.items()}
            raise marshmallow.ValidationError(told) from None


class Pattern(validate.Regexp):
    """A regular expression, searched for as JSON Schema does (marshmallow's own matches).

    ``$`` is the very end of the text; Python's would let a line break follow.
    """

    def __call__(self, value: Any) -> Any:
        """Return the value, or raise ValidationError."""
        if not re.search(re.sub(r"\$$", r"\\Z", str(self.regex.pattern)), value):
            raise marshmallow.ValidationError(f"Must match {self.regex.pattern!s}.")
        return value


def text(low: int, high: int, pattern: str | None = None, **options: Any) -> fields.String:
    """Return a string field with these bounds, and a pattern that must be found in it."""
    checks: list[Any] = [validate.Length(low, high)]
    if pattern:
        checks.append(Pattern(pattern))
    return fields.String(validate=checks, **options)


def whole(low: int, high: int, **options: Any) -> fields.Integer:
    """Return a field for a whole number with these bounds."""
    return fields.Integer(strict=True, validate=validate.Range(low, high), **options)


def one_of(kind: type[StrEnum], **options: Any) -> fields.Enum[StrEnum]:
    """Return a field for one of an enumeration's values."""
    return fields.Enum(kind, by_value=True, **options)


def up_to(most: int, item: Any, low: int | None = None, **options: Any) -> fields.List[Any]:
    """Return a field for a list of at most so many items, loaded as a tuple."""
    return _Tuple(item, validate=validate.Length(low, most), **options)


class _Tuple(fields.List[Any]):
    def _deserialize(self, *arguments: Any, **options: Any) -> Any:
        return tuple(super()._deserialize(*arguments, **options))


def check_fields_of_op(
    data: Mapping[str, Any],
    required: Mapping[str, Collection[str]],
    optional: Mapping[str, Collection[str]],
) -> None:
    """Raise ValidationError unless an operation of a batch has the fields that its ``op`` takes.

    Of the fields that are named for any op it must have those that are required for its own, may
    have those that are optional for it, and no others.
    """
    needed = {*required.get(data["op"], ())}
    named = {name for fields_of in (required, optional) for name in chain(*fields_of.values())}
    strange = named - needed - {*optional.get(data["op"], ())}
    missing = {name: ["Missing data for required field."] for name in needed - data.keys()}
    surplus = {name: [f"Not a field of {data['op']}."] for name in strange & data.keys()}
    if missing or surplus:
        faults = {**missing, **surplus}
        raise marshmallow.ValidationError({_camel(name): faults[name] for name in sorted(faults)})


class OutcomeSchema(Schema):
    """Definition ``Outcome``."""

    status = whole(200, 599, required=True)
    body = fields.Dict(
        fields.String(), required=True, allow_none=True, validate=validate.Length(max=100)
    )


class OutcomesSchema(Schema):
    """Definition ``Outcomes``."""

    outcomes = up_to(BATCH_MAX, fields.Nested(OutcomeSchema), low=1, required=True)


class MoneySchema(Schema):
    """Definition ``Money``."""

    model = Money
    amount = whole(0, AMOUNT_MAX, required=True)
    currency = text(3, 3, r"^[A-Z]{3}$", required=True)


class AddressSchema(Schema):
    """Definition ``Address``."""

    model = Address
    line1 = text(1, 200, NOT_BLANK, required=True)
    line2 = text(1, 200, NOT_BLANK)
    city = text(1, 100, NOT_BLANK, required=True)
    postal_code = text(1, 20, NOT_BLANK, required=True)
    country = text(2, 2, r"^[A-Z]{2}$", required=True)

"""Path, query and header parameters, checked against what the spec declares for the operation."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from multidict import MultiMapping

from shop.common.clock import of_rfc3339
from shop.common.errors import FieldError, NotFound, Unprocessable
from shop.common.web.spec import Operation

Declared = Mapping[str, Any]


def query_values(operation: Operation, given: MultiMapping[str]) -> dict[str, Any]:
    """Return every query parameter that the operation declares, by its name in Python.

    Absent ones have the spec's default, or None. Raises Unprocessable for a parameter that is
    unknown, repeated, or breaks its schema.
    """
    declared = {p["name"]: p for p in operation.declared("query")}
    errors = [
        FieldError(f"?{name}", "this operation has no such parameter; take it out")
        for name in dict.fromkeys(given)
        if name not in declared
    ]
    values = {}
    for name, parameter in declared.items():
        try:
            values[_snake(name)] = _value(parameter, given.getall(name, []))
        except ValueError as error:
            errors.append(FieldError(f"?{name}", str(error)))
    if errors:
        raise Unprocessable("The query breaks the schema; see errors.", fields=errors)
    return values


def check_path(operation: Operation, values: Mapping[str, str]) -> None:
    """Raise NotFound where a path parameter cannot be the address of anything."""
    for parameter in operation.declared("path"):
        try:
            parse(parameter, values[parameter["name"]])
        except ValueError as error:
            raise NotFound(f"There is nothing here: {parameter['name']} {error}.") from None


def check_headers(operation: Operation, given: Mapping[str, str]) -> None:
    """Raise Unprocessable where a header breaks its schema; handlers read headers by themselves."""
    errors = []
    for parameter in operation.declared("header"):
        name = parameter["name"]
        try:
            _value(parameter, [given[name]] if name in given else [])
        except ValueError as error:
            errors.append(FieldError(name, str(error)))
    if errors:
        raise Unprocessable("A header breaks the schema; see errors.", fields=errors)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def _value(parameter: Declared, given: Sequence[str]) -> Any:
    if not given:
        if parameter.get("required"):
            raise ValueError("is required")
        return parameter.get("default")
    if len(given) > 1:
        raise ValueError("is given more than once")
    return parse(parameter, given[0])


def parse(schema: Declared, text: str) -> Any:
    """Read one value as a Swagger 2.0 parameter schema says; raise ValueError that says why not."""
    return _PARSERS[schema["type"]](schema, text)


def _integer(schema: Declared, text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise ValueError("must be an integer")
    value = int(text)
    low, high = schema.get("minimum", value), schema.get("maximum", value)
    if not low <= value <= high:
        raise ValueError(f"must be between {low} and {high}")
    return value


def _string(schema: Declared, text: str) -> Any:
    low, high = schema.get("minLength", 0), schema.get("maxLength", len(text))
    if not low <= len(text) <= high:
        raise ValueError(f"must have {low} to {high} characters")
    if "enum" in schema and text not in schema["enum"]:
        raise ValueError(f"must be one of: {', '.join(schema['enum'])}")
    if "pattern" in schema and not re.search(re.sub(r"\$$", r"\\Z", schema["pattern"]), text):
        raise ValueError(f"must match {schema['pattern']}")
    return _time(text) if schema.get("format") == "date-time" else text


def _time(text: str) -> datetime:
    try:
        return of_rfc3339(text)
    except ValueError:
        example = "2026-01-31T12:00:00Z"
        raise ValueError(f"must be an RFC 3339 time with an offset, such as {example}") from None


def _array(schema: Declared, text: str) -> list[Any]:
    parts = text.split(",") if text else []
    low, high = schema.get("minItems", 0), schema.get("maxItems", len(parts))
    if not low <= len(parts) <= high:
        raise ValueError(f"must have {low} to {high} items, separated by commas")
    if schema.get("uniqueItems") and len(set(parts)) < len(parts):
        raise ValueError("must not name an item twice")
    return [parse(schema["items"], part) for part in parts]


_PARSERS: dict[str, Callable[[Declared, str], Any]] = {
    "integer": _integer,
    "string": _string,
    "array": _array,
}

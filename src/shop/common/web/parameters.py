"""Path, query and header parameters, checked against what the spec declares for the operation.

Everything that the spec says is read once, when an operation is bound to its handler.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from multidict import MultiMapping

from shop.common.clock import of_rfc3339
from shop.common.errors import FieldError, NotFound, Unprocessable
from shop.common.web.spec import Operation

Declared = Mapping[str, Any]
Parse = Callable[[str], Any]


class _Parameter:
    """One that is declared."""

    def __init__(self, declared: Declared) -> None:
        self.name: str = declared["name"]
        self.in_python = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", self.name).lower()
        self.parse = parser(declared)
        self._required = declared.get("required", False)
        self._default = declared.get("default")

    def value(self, given: Sequence[str]) -> Any:
        """Return its value, or raise ValueError that says why not."""
        if not given:
            if self._required:
                raise ValueError("is required")
            return self._default
        if len(given) > 1:
            raise ValueError("is given more than once")
        return self.parse(given[0])


def _declared(operation: Operation, place: str) -> list[_Parameter]:
    return [_Parameter(parameter) for parameter in operation.declared(place)]


def query_reader(operation: Operation) -> Callable[[MultiMapping[str]], dict[str, Any]]:
    """Return what reads the query: every parameter that is declared, by its name in Python.

    Absent ones have the spec's default, or None. It raises Unprocessable for a parameter that is
    unknown, repeated, or breaks its schema.
    """
    parameters = {parameter.name: parameter for parameter in _declared(operation, "query")}

    def read(given: MultiMapping[str]) -> dict[str, Any]:
        errors = [
            FieldError(f"?{name}", "this operation has no such parameter; take it out")
            for name in dict.fromkeys(given)
            if name not in parameters
        ]
        values = {}
        for name, parameter in parameters.items():
            try:
                values[parameter.in_python] = parameter.value(given.getall(name, []))
            except ValueError as error:
                errors.append(FieldError(f"?{name}", str(error)))
        if errors:
            raise Unprocessable("The query breaks the schema; see errors.", fields=errors)
        return values

    return read


def path_check(operation: Operation) -> Callable[[Mapping[str, str]], None]:
    """Return what raises NotFound where a path parameter cannot be the address of anything."""
    parameters = [(parameter.name, parameter.parse) for parameter in _declared(operation, "path")]

    def check(values: Mapping[str, str]) -> None:
        for name, parse in parameters:
            try:
                parse(values[name])
            except ValueError as error:
                raise NotFound(f"There is nothing here: {name} {error}.") from None

    return check


def header_check(operation: Operation) -> Callable[[Mapping[str, str]], None]:
    """Return what raises Unprocessable where a header breaks its schema.

    Handlers read headers by themselves.
    """
    parameters = _declared(operation, "header")

    def check(given: Mapping[str, str]) -> None:
        errors = []
        for parameter in parameters:
            value = given.get(parameter.name)
            try:
                parameter.value([] if value is None else [value])
            except ValueError as error:
                errors.append(FieldError(parameter.name, str(error)))
        if errors:
            raise Unprocessable("A header breaks the schema; see errors.", fields=errors)

    return check


def parser(schema: Declared) -> Parse:
    """Return what reads one value as a Swagger 2.0 parameter schema says.

    It raises ValueError that says why not.
    """
    return _PARSERS[schema["type"]](schema)


def _integer(schema: Declared) -> Parse:
    low, high = schema.get("minimum"), schema.get("maximum")

    def parse(text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", text):
            raise ValueError("must be an integer")
        value = int(text)
        if (low is not None and value < low) or (high is not None and value > high):
            raise ValueError(f"must be between {_or(low, value)} and {_or(high, value)}")
        return value

    return parse


def _or(bound: int | None, value: int) -> int:
    return value if bound is None else bound


def _string(schema: Declared) -> Parse:
    low, high, enum = schema.get("minLength", 0), schema.get("maxLength"), schema.get("enum")
    # ``$`` is the very end of the text; Python's would let a line break follow.
    pattern = re.compile(re.sub(r"\$$", r"\\Z", schema["pattern"])) if "pattern" in schema else None
    is_time = schema.get("format") == "date-time"

    def parse(text: str) -> Any:
        length = len(text)
        if length < low or (high is not None and length > high):
            raise ValueError(f"must have {low} to {_or(high, length)} characters")
        if enum is not None and text not in enum:
            raise ValueError(f"must be one of: {', '.join(enum)}")
        if pattern is not None and not pattern.search(text):
            raise ValueError(f"must match {schema['pattern']}")
        return _time(text) if is_time else text

    return parse


def _time(text: str) -> datetime:
    try:
        return of_rfc3339(text)
    except ValueError:
        example = "2026-01-31T12:00:00Z"
        raise ValueError(f"must be an RFC 3339 time with an offset, such as {example}") from None


def _array(schema: Declared) -> Parse:
    low, high, item = schema.get("minItems", 0), schema.get("maxItems"), parser(schema["items"])

    def parse(text: str) -> list[Any]:
        parts = text.split(",") if text else []
        if len(parts) < low or (high is not None and len(parts) > high):
            many = f"{low} to {_or(high, len(parts))}"
            raise ValueError(f"must have {many} items, separated by commas")
        if schema.get("uniqueItems") and len(set(parts)) < len(parts):
            raise ValueError("must not name an item twice")
        return [item(part) for part in parts]

    return parse


_PARSERS: dict[str, Callable[[Declared], Parse]] = {
    "integer": _integer,
    "string": _string,
    "array": _array,
}

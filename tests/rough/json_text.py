"""JSON as text, and what is nearly JSON: values that no encoder would write."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

Place = tuple[str | int, ...]


class Text(str):
    """What stands in the JSON as it is, without quotes: ``1e400``, ``"\\ud800"``."""


def dump(document: Any) -> bytes:
    """Encode, with each Text as it stands."""
    texts: list[str] = []

    def marked(value: Any) -> Any:
        if isinstance(value, Text):
            texts.append(str(value))
            return f"@@{len(texts) - 1}@@"
        if isinstance(value, dict):
            return {name: marked(inner) for name, inner in value.items()}
        return [marked(inner) for inner in value] if isinstance(value, list) else value

    written = json.dumps(marked(document))
    for number, text in enumerate(texts):
        written = written.replace(f'"@@{number}@@"', text)
    return written.encode("utf-8", "surrogatepass")


def places(document: Any, here: Place = ()) -> Iterator[Place]:
    """Return where every value of a document stands, the whole first."""
    yield here
    items: Any = ()
    if isinstance(document, dict):
        items = document.items()
    elif isinstance(document, list):
        items = enumerate(document)
    for name, inner in items:
        yield from places(inner, (*here, name))


def put(document: Any, place: Place, value: Any) -> Any:
    """Return the document with another value in that place."""
    if not place:
        return value
    changed = deepcopy(document)
    inner = changed
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    return changed


def at(document: Any, place: Place) -> Any:
    """Return the value in that place."""
    for name in place:
        document = document[name]
    return document

"""JSON in which an object has two members of one name."""

import json
from typing import Any

import orjson

from shop.common.errors import Malformed


def names_twice(raw: bytes, document: Any) -> bool:
    """Tell whether an object in this JSON, parsed as ``document``, has two members of one name.

    Parsers differ in which of the two they take (RFC 8259, section 4), so whoever looks at a body
    on its way here may see another one than we do. A colon ends every name, and all others stand in
    strings; so where none is escaped, more of them came in than would go out. That takes about as
    long as parsing did; a parser that tells of every member takes ten times that.

    Raises Malformed for what is nested deeper than orjson writes, which reads four times as deep:
    whatever shows such a value in a message would end in a RecursionError.
    """
    try:
        written = orjson.dumps(document)
    except TypeError:
        raise Malformed("The body is nested too deeply: 254 levels are the most.") from None
    if b"\\u003" not in raw:
        return raw.count(b":") > written.count(b":")
    try:
        json.loads(raw, object_pairs_hook=_members)
    except _NamesTwice:
        return True
    return False


class _NamesTwice(Exception):
    pass


def _members(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) < len(pairs):
        raise _NamesTwice

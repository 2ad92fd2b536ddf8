"""Bodies that no honest client sends: one strategy for each kind, made around a good document.

``MARK`` is in what they hold, so that it can be searched for where it must not be.
"""

import gzip
import json
import zlib
from functools import cache
from typing import Any

from hypothesis import strategies as st
from tests.rough.json_text import Text, at, dump, places, put

MARK = "zq9rough7mark"
_SMALL = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
)
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map(MARK.__add__)
_JSON = st.recursive(
    _SMALL | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=10,
)
_NUMBERS = (
    *("1e400", "-1e400", "1e-400", "NaN", "Infinity", "-Infinity", "-0", "-0.0", "1.0", "1e2"),
    *("0x10", "01", "+1", "1_000", ".5", "5.", "9" * 400, "-" + "9" * 30, "1" + "0" * 100_000),
    *(str(2**31), str(2**53), str(2**63 - 1), str(2**63), str(2**64), str(-(2**63) - 1)),
    *("0." + "3" * 100_000, "1e999999999999", "true", '"1"'),
)
_TEXTS = (
    *('"\\u0000"', '"a\\u0000b"', '"\\ud800"', '"\\udfff\\ud800"', '"\\ud83d"', '"\x00"', '"\n"'),
    *('"\ud800"', '"\\x00"', '"\\u12"', '"\\', '"', '""', '" "', '"\\u202e\\u2066"', '"\\ufeff"'),
    *(f'"{"x" * 100_000}"', f'"{chr(0x301) * 5000}"', '"' + "\\u0000" * 5000 + '"', '"\U0010ffff"'),
)
_OPERATORS: tuple[Any, ...] = (
    {"$gt": ""},
    {"$ne": None},
    {"$where": f"sleep(60000) || '{MARK}'"},
    {"$regex": "^(a+)+$", "$options": "i"},
    {"$in": [1, "a"]},
    {"$or": [{}, {"a": {"$exists": True}}]},
    {"$expr": {"$function": {"body": "function(){while(1){}}", "args": [], "lang": "js"}}},
    {"$oid": "000000000000000000000000"},
    {"$set": {"status": "delivered"}},
    {"a.b": 1, "stock.onHand": 10**6},
    {"__proto__": {"admin": True}, "constructor": {"prototype": {}}},
    {"_id": "x", "version": 99, "stock": {"onHand": 10**6, "reserved": -5}},
    [{"$set": {"version": 99}}],
    "$where",
    "$$ROOT",
    "{{7*7}}${7*7}",
    "'; DROP TABLE customers; --",
)


@st.composite
def _elsewhere(draw: Any, document: Any, values: st.SearchStrategy[Any]) -> bytes:
    """One value of the document is another one."""
    place = draw(st.sampled_from(list(places(document))))
    return dump(put(document, place, draw(values)))


def types(document: Any) -> st.SearchStrategy[bytes]:
    """Values of any type, and of any shape, where another is expected."""
    return _elsewhere(document, _JSON)


def numbers(document: Any) -> st.SearchStrategy[bytes]:
    """Numbers beyond every bound, and what is only nearly one."""
    return _elsewhere(document, st.sampled_from(_NUMBERS).map(Text))


def texts(document: Any) -> st.SearchStrategy[bytes]:
    """NUL, surrogates, control characters, what never ends; as values."""
    return _elsewhere(document, st.sampled_from(_TEXTS).map(Text))


@st.composite
def names(draw: Any, document: Any) -> bytes:
    """Names of fields that are empty, hold NUL, surrogates, dots or dollars, or are very long."""
    objects = [place for place in places(document) if isinstance(at(document, place), dict)]
    if not objects:
        return dump(document)
    place = draw(st.sampled_from(objects))
    name = draw(
        st.sampled_from(
            ["", "\0", "a\0b", "$set", "$where", "a.b", ".", "__proto__", "_id", "x" * 100_000]
        )
    )
    return dump(put(document, (*place, name), draw(st.just("x") | _JSON)))


@st.composite
def operators(draw: Any, document: Any) -> bytes:
    """What would be an operator of MongoDB, were it ever handed on."""
    operator = draw(st.sampled_from(_OPERATORS))
    place = draw(st.sampled_from(list(places(document))))
    inner = at(document, place)
    if isinstance(inner, dict) and isinstance(operator, dict) and draw(st.booleans()):
        operator = {**inner, **operator}
    return dump(put(document, place, operator))


@st.composite
def deep(draw: Any, document: Any) -> bytes:
    """Nesting that would end a recursive reader, and some that just does not."""
    depth = draw(st.sampled_from([10, 100, 500, 1000, 1023, 1024, 1025, 5000, 100_000, 400_000]))
    opened, closed = draw(st.sampled_from([("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")]))
    depth = min(depth, 1_000_000 // len(opened + closed))
    whole = draw(st.booleans())
    text = opened * depth + "1" + closed * depth if whole else opened * depth
    return draw(_elsewhere(document, st.just(Text(text))))


@st.composite
def lists(draw: Any, document: Any) -> bytes:
    """Lists of 10,000 elements, and objects of 10,000 members, where few are taken."""
    place = draw(st.sampled_from(list(places(document))))
    inner = at(document, place)
    many: Any = [inner[0] if isinstance(inner, list) and inner else 1] * 10_000
    if isinstance(inner, dict) and draw(st.booleans()):
        many = {**inner, **{f"{MARK}{number}": "1" for number in range(10_000)}}
    return dump(put(document, place, many))[:1_000_000]


@st.composite
def duplicates(draw: Any, document: Any) -> bytes:
    """The same name twice in one object, plainly or escaped."""
    objects = [
        place
        for place in places(document)
        if isinstance(at(document, place), dict) and at(document, place)
    ]
    if not objects:
        return b'{"a":1,"a":2}'
    place = draw(st.sampled_from(objects))
    inner = at(document, place)
    name = draw(st.sampled_from(sorted(inner)))
    again = draw(st.sampled_from([json.dumps(name), f'"\\u{ord(name[0]):04x}{name[1:]}"']))
    value = draw(st.sampled_from([inner[name], None, "a:b", {"a": 1}]))
    members = [f"{json.dumps(n)}: {json.dumps(v)}" for n, v in inner.items()]
    members.insert(draw(st.integers(0, len(members))), f"{again}:{json.dumps(value)}")
    return dump(put(document, place, Text("{" + ", ".join(members) + "}")))


def cut(document: Any) -> st.SearchStrategy[bytes]:
    """A good document that breaks off, or has bytes in it that do not belong there."""
    good = dump(document)
    return st.one_of(
        st.integers(0, len(good) - 1).map(lambda end: good[:end]),
        st.tuples(st.integers(0, len(good)), st.binary(min_size=1, max_size=8)).map(
            lambda drawn: good[: drawn[0]] + drawn[1] + good[drawn[0] :]
        ),
        st.binary(max_size=200),
    )


@cache
def _bombs() -> tuple[bytes, bytes]:
    """Return what unpacks to 30 MB, by gzip and by deflate."""
    bomb = b'{"a":"' + b"0" * 30_000_000 + b'"}'
    return gzip.compress(bomb), zlib.compress(bomb)


Encoded = tuple[bytes, list[tuple[str, str]]]


@st.composite
def encodings(draw: Any, document: Any, media_type: str) -> Encoded:
    """A good document in an encoding that is not what the headers say, or that unpacks to much."""
    good = dump(document)
    charset = draw(st.sampled_from(["utf-16", "utf-7", "latin-1", "utf-8", "x" * 100, "\xff", ""]))
    packed = draw(
        st.sampled_from(
            [
                ("gzip", gzip.compress(good)),
                ("gzip", _bombs()[0]),
                ("gzip", gzip.compress(_bombs()[0])),
                ("gzip, gzip", gzip.compress(gzip.compress(good))),
                ("gzip", gzip.compress(good)[:-9]),
                ("gzip", good),
                ("deflate", zlib.compress(good)),
                ("deflate", _bombs()[1]),
                ("br", good),
                ("zstd", good),
                ("identity", good),
                ("nonsense", good),
            ]
        )
    )
    return draw(
        st.sampled_from(
            [
                (good.decode().encode("utf-16"), [("Content-Type", media_type)]),
                (good.decode().encode("utf-32"), [("Content-Type", media_type)]),
                (b"\xef\xbb\xbf" + good, [("Content-Type", media_type)]),
                (good[:-1] + b"\xff}", [("Content-Type", media_type)]),
                (good, [("Content-Type", f"{media_type}; charset={charset}")]),
                (packed[1], [("Content-Type", media_type), ("Content-Encoding", packed[0])]),
                (good, [("Content-Type", "text/plain")]),
                (good, [("Content-Type", "multipart/form-data; boundary=x")]),
                (good, []),
            ]
        )
    )

"""A member that is named twice is noticed, however it is written."""

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.common.errors import Malformed
from shop.common.web.names_twice import names_twice

_TEXT = st.text(st.sampled_from([":", "a", '"', "\\", "é", "{"]), max_size=3)
_JSON = st.recursive(
    _TEXT | st.integers(0, 9), lambda inner: st.lists(inner) | st.dictionaries(_TEXT, inner)
)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":1,"a":2}',
        b'{"a":1,"b":{"c":":","c":":"}}',
        b'[{"a":1,"\\u0061":1}]',
        b'{"a":"\\u003a","a":1}',
        b'{"a":"\\u003A\\u003a","b":2,"b":":"}',
        b'{"\\u003a":1,":":1}',
        b'{"":0,"":0}',
    ],
)
def test_it_is_noticed(raw):
    assert names_twice(raw, orjson.loads(raw))


@given(_JSON, st.booleans(), st.sampled_from([None, 2]))
def test_what_names_each_once_is_left_alone(document, ascii_only, indent):
    raw = json.dumps(document, ensure_ascii=ascii_only, indent=indent).encode()
    assert not names_twice(raw, orjson.loads(raw))
    escaped = raw.replace(b": :", b"").replace(b'":"', b'"\\u003a"')
    if json.loads(raw) == document and b"\\" not in raw:
        try:
            again = orjson.loads(escaped)
        except orjson.JSONDecodeError:
            return
        assert not names_twice(escaped, again)


@given(st.dictionaries(_TEXT, _JSON, min_size=1), st.data())
def test_a_second_one_is_noticed_wherever_it_stands(document, data):
    name = data.draw(st.sampled_from(sorted(document)))
    members = [f"{json.dumps(key)}:{json.dumps(value)}" for key, value in document.items()]
    members.insert(data.draw(st.integers(0, len(members))), f"{json.dumps(name)}:0")
    raw = f"[{{{','.join(members)}}}]".encode()
    assert names_twice(raw, orjson.loads(raw))


DEEP = [lambda n: b"[" * n + b"]" * n, lambda n: b'{"a":' * n + b'"\\u003a"' + b"}" * n]


@pytest.mark.parametrize("deep", DEEP)
def test_what_is_too_deep_to_be_shown_is_refused(deep):
    assert not names_twice(deep(200), orjson.loads(deep(200)))
    for depth in (300, 1000):
        with pytest.raises(Malformed):
            names_twice(deep(depth), orjson.loads(deep(depth)))


def test_a_large_number_is_no_fault():
    raw = b'{"a":"\\u003a","b":' + b"9" * 300 + b"}"
    assert not names_twice(raw, orjson.loads(raw))
